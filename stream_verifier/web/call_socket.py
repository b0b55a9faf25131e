"""The WebSocket of a call: signalling in, events out."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from stream_verifier.access.grant import Grant
from stream_verifier.access.scopes import Scope
from stream_verifier.calls.connection import Connection
from stream_verifier.calls.session import Session
from stream_verifier.errors import (
    ChallengeError,
    FleetError,
    ProtocolError,
    StreamVerifierError,
)
from stream_verifier.events.audience import Audience
from stream_verifier.events.call_messages import (
    Answer,
    AnswerChallenge,
    AnyClientMessage,
    AskChallenge,
    ChallengeRefused,
    Resume,
    Start,
    Stop,
    parse_message,
)
from stream_verifier.events.event import Event
from stream_verifier.web.access import (
    admit,
    admit_to_record,
    admit_to_session,
    client_of,
    count_opening,
    gate_of,
)
from stream_verifier.web.origins import origin_allowed
from stream_verifier.web.passing_on import OwnerGoneError, pass_on, was_passed_on
from stream_verifier.web.sockets import (
    POLICY_VIOLATION,
    TRY_AGAIN_LATER,
    receive_first,
    receive_text,
    refuse,
)
from stream_verifier.web.state import state_of

_START_TIMEOUT_S = 10.0
GOODBYE = 1000
TAKEN_OVER = 4001
"""Closes a call's old socket when its client has resumed the session over another one."""


async def call_socket(websocket: WebSocket) -> None:
    """Serve one connection of a call: start or resume its session, pass its events on."""
    headers = websocket.headers
    allowed = state_of(websocket).settings.allowed_origins
    if not origin_allowed(headers.get("origin"), headers.get("host"), allowed):
        await websocket.close(POLICY_VIOLATION, "origin not allowed")
        return
    await websocket.accept()
    try:
        message = await _receive_first(websocket)
        if isinstance(message, Resume):
            grant = gate_of(websocket).identify(message.token, client=client_of(websocket))
            # Counted before the key is compared, so that nobody can try many.
            await _count_return(websocket, grant)
            gone = False
            if address := await _elsewhere(websocket, message):
                with state_of(websocket).sessions.draining.passing():
                    gone = not await _passed_on(websocket, message, address)
                if not gone:
                    return
            session, answer = await _resume(websocket, message, gone=gone)
        else:
            session, answer = await _start(websocket, message)
    except StreamVerifierError as error:
        await refuse(websocket, error)
        return
    except WebSocketDisconnect:
        return
    await _serve(websocket, session, session.connection, answer)


async def _start(websocket: WebSocket, message: Start) -> tuple[Session, str]:
    grant = _admit(websocket, message)
    await count_opening(websocket, grant)
    sessions = state_of(websocket).sessions
    return await sessions.open(message, grant=grant, client=client_of(websocket))


def _admit(websocket: WebSocket, start: Start) -> Grant:
    """Let one in who wants to start; who replaces a person needs more than who enrols one."""
    scope = Scope.ENROL if start.mode == "enrol" else Scope.PUBLISH
    grant = admit(websocket, start.token, scope, identity=start.identity)
    if start.mode == "enrol" and start.replace:
        admit(websocket, start.token, Scope.REPLACE, identity=start.identity)
    return grant


async def _count_return(websocket: WebSocket, grant: Grant) -> None:
    """Count that a client comes back; a call of this worker's own needs no other one for that."""
    with contextlib.suppress(FleetError):
        await count_opening(websocket, grant)


async def _elsewhere(websocket: WebSocket, message: Resume) -> str | None:
    """The address of the worker that goes on with a session; None where it is this one."""
    state = state_of(websocket)
    if was_passed_on(websocket):
        return None
    if state.sessions.runs(message.session):
        # One that is about to stop takes nobody back whom another would have.
        with contextlib.suppress(FleetError):
            return await state.neighbours.peer() if state.sessions.closing else None
        return None
    record = await state.neighbours.find(message.session)
    return None if record is None else record.address


async def _passed_on(websocket: WebSocket, message: Resume, address: str) -> bool:
    """Serve a client by another worker, to its end; return whether that one was there."""
    try:
        await pass_on(websocket, message, address)
    except OwnerGoneError:
        return False
    return True


async def _resume(websocket: WebSocket, message: Resume, *, gone: bool) -> tuple[Session, str]:
    state = state_of(websocket)
    record = None
    if not state.sessions.runs(message.session):
        record = await state.neighbours.find(message.session)
    if record is None:
        admit_to_session(websocket, message.token, message.session)
        return await state.sessions.resume(message)
    admit_to_record(websocket, message.token, record, begun_by_socket=True)
    record.check_key(message.resume_key)
    return await state.sessions.take_over(record, message, client=client_of(websocket), gone=gone)


async def _receive(websocket: WebSocket) -> AnyClientMessage:
    return parse_message(await receive_text(websocket))


async def _receive_first(websocket: WebSocket) -> Start | Resume:
    room, client = state_of(websocket).callers_room, client_of(websocket)
    text = await receive_first(websocket, room, client, within_s=_START_TIMEOUT_S)
    message = parse_message(text)
    if not isinstance(message, Start | Resume):
        raise ProtocolError("The first message must be a start or a resume.")
    named = websocket.path_params.get("session")
    if named is not None and (isinstance(message, Start) or message.session != named):
        raise ProtocolError("Only that session is resumed here; a start goes to /api/v1/call.")
    return message


async def _serve(
    websocket: WebSocket, session: Session, connection: Connection, answer: str
) -> None:
    tasks = [asyncio.create_task(_listen(websocket, session, connection))]
    try:
        # Whether it broke or was closed, the session learns of it below.
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await websocket.send_text(_answer(session, answer))
            tasks.append(asyncio.create_task(_warn(websocket, connection)))
            for event in await connection.missed():
                await _tell(websocket, event)
            async for event in connection.outbox:
                await _tell(websocket, event)
            await _close(websocket, connection)
    finally:
        session.lose(connection, "socket_closed")
        for task in tasks:
            task.cancel()


async def _warn(websocket: WebSocket, connection: Connection) -> None:
    """Tell a client that the server is about to stop, once it is."""
    notice = await connection.leaving
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await websocket.send_text(notice.model_dump_json())


async def _tell(websocket: WebSocket, event: Event) -> None:
    if event.is_for(Audience.CALLER):
        await websocket.send_text(event.line_for(Audience.CALLER))


async def _close(websocket: WebSocket, connection: Connection) -> None:
    """Close a socket for which no more events come."""
    if connection.outbox.overflowed:
        await websocket.close(TRY_AGAIN_LATER, "too slow to follow")
    elif websocket.client_state is not WebSocketState.CONNECTED:
        return
    elif connection.taken_over:
        await websocket.close(TAKEN_OVER, "resumed over another connection")
    else:
        await websocket.close()


def _answer(session: Session, sdp: str) -> str:
    answer = Answer(
        sdp=sdp,
        session=session.id,
        resume_key=session.resume_key,
        resume_within_s=session.resume_within_s,
    )
    return answer.model_dump_json()


async def _listen(websocket: WebSocket, session: Session, connection: Connection) -> None:
    """Wait for the client to stop, to break the contract or to go."""
    while True:
        try:
            message = await _receive(websocket)
        except WebSocketDisconnect as gone:
            _part(session, connection, gone.code)
            return
        except ProtocolError as error:
            _fail(session, connection, error)
            return
        if isinstance(message, Start | Resume):
            _fail(session, connection, ProtocolError("This session has started already."))
            return
        if connection is not session.connection:
            continue
        if isinstance(message, Stop):
            session.request_end("stopped")
        else:
            await _challenge(websocket, session, message)


async def _challenge(
    websocket: WebSocket, session: Session, message: AskChallenge | AnswerChallenge
) -> None:
    """Do what a client wants of challenges, or say why not."""
    try:
        if isinstance(message, AskChallenge):
            session.challenge(message.kind, by="client")
        else:
            session.answer_challenge(message.challenge, message.choice)
    except ChallengeError as error:
        refused = ChallengeRefused(code=error.code, message=str(error))
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await websocket.send_text(refused.model_dump_json())


def _part(session: Session, connection: Connection, code: int) -> None:
    """Tell a client that hung up from one whose connection broke: that one may come back."""
    if code == GOODBYE:
        session.leave(connection)
    session.lose(connection, "socket_closed")


def _fail(session: Session, connection: Connection, error: ProtocolError) -> None:
    """End the session, unless it has gone on without this socket."""
    if connection is session.connection:
        session.fail(error)
