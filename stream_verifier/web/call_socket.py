"""The WebSocket of a call: signalling in, events out."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from stream_verifier.access.scopes import Scope
from stream_verifier.errors import ProtocolError, RateLimitedError, StreamVerifierError
from stream_verifier.events.log import to_line
from stream_verifier.events.messages import Start, Stop, parse_message
from stream_verifier.session import Session
from stream_verifier.sessions import Sessions
from stream_verifier.web.access import admit, client_of, gate_of
from stream_verifier.web.origins import origin_allowed

_START_TIMEOUT_S = 10.0
POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013


async def call_socket(websocket: WebSocket) -> None:
    """Serve one call: wait for its start, run its session, pass its events on."""
    headers = websocket.headers
    allowed = websocket.app.state.settings.allowed_origins
    if not origin_allowed(headers.get("origin"), headers.get("host"), allowed):
        await websocket.close(POLICY_VIOLATION, "origin not allowed")
        return
    await websocket.accept()
    sessions: Sessions = websocket.app.state.sessions
    try:
        with websocket.app.state.waiting_room.seat(client_of(websocket)):
            start = await _receive_start(websocket)
        gate_of(websocket).count_opening(client_of(websocket))
        scope = Scope.PUBLISH if start.mode == "verify" else Scope.ENROL
        admit(websocket, start.token, scope, identity=start.identity)
        session, answer = await sessions.open(start)
    except StreamVerifierError as error:
        await _refuse(websocket, error)
        return
    except WebSocketDisconnect:
        return
    await _serve(websocket, session, answer)


async def _receive(websocket: WebSocket) -> Start | Stop:
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text = message.get("text")
    if text is None:
        raise ProtocolError("Messages are JSON text, not binary.")
    return parse_message(text)


async def _receive_start(websocket: WebSocket) -> Start:
    try:
        message = await asyncio.wait_for(_receive(websocket), _START_TIMEOUT_S)
    except TimeoutError:
        raise ProtocolError(f"No start message came within {_START_TIMEOUT_S:g} s.") from None
    if not isinstance(message, Start):
        raise ProtocolError("The first message must be a start.")
    return message


async def _refuse(websocket: WebSocket, error: StreamVerifierError) -> None:
    """Tell why, then close."""
    event = {"type": "error", "code": error.code, "message": str(error)}
    try:
        await websocket.send_text(json.dumps(event))
        later = isinstance(error, RateLimitedError)
        await websocket.close(TRY_AGAIN_LATER if later else POLICY_VIOLATION, error.code)
    except (WebSocketDisconnect, RuntimeError):
        # It left before it could be told.
        return


async def _serve(websocket: WebSocket, session: Session, answer: str) -> None:
    listener = asyncio.create_task(_listen(websocket, session))
    try:
        await websocket.send_text(_answer(session, answer))
        async for event in session.outbox:
            await websocket.send_text(to_line(event))
        if session.outbox.overflowed:
            await websocket.close(TRY_AGAIN_LATER, "too slow to follow")
        elif websocket.client_state is WebSocketState.CONNECTED:
            await websocket.close()
    except (WebSocketDisconnect, RuntimeError):
        session.request_end("client_gone")
    finally:
        session.request_end("client_gone")
        listener.cancel()


def _answer(session: Session, sdp: str) -> str:
    message: dict[str, Any] = {"type": "answer", "sdp": sdp, "session": session.id}
    return json.dumps(message)


async def _listen(websocket: WebSocket, session: Session) -> None:
    """Wait for the client to stop, to break the contract or to go."""
    while True:
        try:
            message = await _receive(websocket)
        except WebSocketDisconnect:
            session.request_end("client_gone")
            return
        except ProtocolError as error:
            session.fail(error)
            return
        if isinstance(message, Stop):
            session.request_end("stopped")
        else:
            session.fail(ProtocolError("This session has started already."))
            return
