"""The WebSocket of a call: signalling in, and media where it comes decoded; events out."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from stream_verifier.access.grant import Grant
from stream_verifier.access.scopes import Scope
from stream_verifier.calls.connection import Connection
from stream_verifier.calls.session import Session
from stream_verifier.decoded.frames import read_frame
from stream_verifier.errors import (
    ChallengeError,
    FleetError,
    ProtocolError,
    StreamVerifierError,
)
from stream_verifier.events.audience import Audience
from stream_verifier.events.call_messages import (
    AnswerChallenge,
    AskChallenge,
    ChallengeRefused,
    Opening,
    Return,
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
from stream_verifier.web.signalling import DECODED, WEBRTC, Signalling
from stream_verifier.web.sockets import (
    POLICY_VIOLATION,
    TRY_AGAIN_LATER,
    receive,
    receive_first,
    refuse,
)
from stream_verifier.web.state import state_of

_START_TIMEOUT_S = 10.0
GOODBYE = 1000
TAKEN_OVER = 4001
"""Closes a call's old socket when its client has resumed the session over another one."""


async def call_socket(websocket: WebSocket) -> None:
    """Serve one connection of a call whose media comes by WebRTC."""
    await _serve_call(websocket, WEBRTC)


async def decoded_socket(websocket: WebSocket) -> None:
    """Serve one connection of a call whose media comes decoded, over this socket."""
    await _serve_call(websocket, DECODED)


async def _serve_call(websocket: WebSocket, way: Signalling) -> None:
    """Start or resume a session, take what its client says and sends, pass its events on."""
    headers = websocket.headers
    allowed = state_of(websocket).settings.allowed_origins
    if not origin_allowed(headers.get("origin"), headers.get("host"), allowed):
        await websocket.close(POLICY_VIOLATION, "origin not allowed")
        return
    await websocket.accept()
    try:
        message = await _receive_first(websocket, way)
        if isinstance(message, Return):
            grant = gate_of(websocket).identify(message.token, client=client_of(websocket))
            # Counted before the key is compared, so that nobody can try many.
            await _count_return(websocket, grant)
            gone = False
            if address := await _elsewhere(websocket, message):
                with state_of(websocket).sessions.draining.passing():
                    gone = not await _passed_on(websocket, message, address, way)
                if not gone:
                    return
            session, answer = await _resume(websocket, message, way, gone=gone)
        else:
            session, answer = await _start(websocket, message)
    except StreamVerifierError as error:
        await refuse(websocket, error)
        return
    except WebSocketDisconnect:
        return
    opened = way.answer(session, answer).model_dump_json()
    await _serve(websocket, session, session.connection, opened, way)


async def _start(websocket: WebSocket, message: Opening) -> tuple[Session, str]:
    grant = _admit(websocket, message)
    await count_opening(websocket, grant)
    sessions = state_of(websocket).sessions
    return await sessions.open(message, grant=grant, client=client_of(websocket))


def _admit(websocket: WebSocket, start: Opening) -> Grant:
    """Let one in who wants to start; who replaces a person needs more than who enrols one."""
    scope = Scope.ENROL if start.mode == "enrol" else Scope.PUBLISH
    grant = admit(websocket, start.token, scope, identity=start.identity)
    if start.changes_enrolled:
        admit(websocket, start.token, Scope.REPLACE, identity=start.identity)
    return grant


async def _count_return(websocket: WebSocket, grant: Grant) -> None:
    """Count that a client comes back; a call of this worker's own needs no other one for that."""
    with contextlib.suppress(FleetError):
        await count_opening(websocket, grant)


async def _elsewhere(websocket: WebSocket, message: Return) -> str | None:
    """The address of the worker that goes on with a session; None where it is this one."""
    state = state_of(websocket)
    if was_passed_on(websocket, message.session):
        return None
    if state.sessions.runs(message.session):
        # One that is about to stop takes nobody back whom another would have.
        with contextlib.suppress(FleetError):
            return await state.neighbours.peer() if state.sessions.closing else None
        return None
    record = await state.neighbours.find(message.session)
    return None if record is None else record.address


async def _passed_on(websocket: WebSocket, message: Return, address: str, way: Signalling) -> bool:
    """Serve a client by another worker, to its end; return whether that one was there."""
    try:
        await pass_on(websocket, message, address, path=way.path)
    except OwnerGoneError:
        return False
    return True


async def _resume(
    websocket: WebSocket, message: Return, way: Signalling, *, gone: bool
) -> tuple[Session, str]:
    state = state_of(websocket)
    record = None
    if not state.sessions.runs(message.session):
        record = await state.neighbours.find(message.session)
    if record is None:
        admit_to_session(websocket, message.token, message.session, way=way.way)
        return await state.sessions.resume(message)
    admit_to_record(websocket, message.token, record, begun_by_socket=True, way=way.way)
    record.check_key(message.resume_key)
    return await state.sessions.take_over(record, message, client=client_of(websocket), gone=gone)


async def _receive_first(websocket: WebSocket, way: Signalling) -> Opening | Return:
    room, client = way.room(state_of(websocket)), client_of(websocket)
    text = await receive_first(websocket, room, client, within_s=_START_TIMEOUT_S)
    message = way.parse(text)
    if not isinstance(message, Opening | Return):
        raise ProtocolError("The first message must be a start or a resume.")
    named = websocket.path_params.get("session")
    if named is not None and (isinstance(message, Opening) or message.session != named):
        raise ProtocolError(f"Only that session is resumed here; a start goes to {way.path}.")
    return message


async def _serve(
    websocket: WebSocket, session: Session, connection: Connection, opened: str, way: Signalling
) -> None:
    tasks = [asyncio.create_task(_listen(websocket, session, connection, way))]
    try:
        # Whether it broke or was closed, the session learns of it below.
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await websocket.send_text(opened)
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
        await state_of(websocket).hub.written()
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


async def _listen(
    websocket: WebSocket, session: Session, connection: Connection, way: Signalling
) -> None:
    """Take media until the client stops, breaks the contract or goes."""
    while True:
        try:
            said = await receive(websocket)
            if isinstance(said, bytes):
                _feed(connection, said)
                continue
            message = way.parse(said)
        except WebSocketDisconnect as gone:
            _part(session, connection, gone.code)
            return
        except ProtocolError as error:
            _fail(session, connection, error)
            return
        if isinstance(message, Opening | Return):
            _fail(session, connection, ProtocolError("This session has started already."))
            return
        if connection is not session.connection:
            continue
        if isinstance(message, AskChallenge | AnswerChallenge):
            await _challenge(websocket, session, message)
        else:
            session.request_end("stopped")


async def _challenge(
    websocket: WebSocket, session: Session, message: AskChallenge | AnswerChallenge
) -> None:
    """Do what a client wants of challenges, or say why not."""
    try:
        if isinstance(message, AskChallenge):
            session.asking.ask(message.kind, by="client")
        else:
            session.asking.answer(message.challenge, message.choice)
    except ChallengeError as error:
        refused = ChallengeRefused(code=error.code, message=error.told)
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await websocket.send_text(refused.model_dump_json())


def _feed(connection: Connection, frame: bytes) -> None:
    if not connection.fed:
        raise ProtocolError("Messages are JSON text, not binary.")
    connection.feed(read_frame(frame))


def _part(session: Session, connection: Connection, code: int) -> None:
    """Tell a client that hung up from one whose connection broke: that one may come back."""
    if code == GOODBYE:
        session.leave(connection)
    session.lose(connection, "socket_closed")


def _fail(session: Session, connection: Connection, error: ProtocolError) -> None:
    """End the session, unless it has gone on without this socket."""
    if connection is session.connection:
        session.fail(error)
