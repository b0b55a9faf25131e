"""The WebSocket of the event feed: one message in, events out."""

from __future__ import annotations

import asyncio

from starlette.websockets import WebSocket, WebSocketDisconnect

from stream_verifier.errors import ProtocolError, StreamVerifierError
from stream_verifier.events.feed_messages import Subscribe, parse_subscribe
from stream_verifier.web.access import client_of
from stream_verifier.web.feed_access import admit
from stream_verifier.web.feed_sender import Feed
from stream_verifier.web.origins import origin_allowed
from stream_verifier.web.sockets import POLICY_VIOLATION, receive_text, refuse
from stream_verifier.web.state import state_of

_SUBSCRIBE_TIMEOUT_S = 10.0


async def feed_socket(websocket: WebSocket) -> None:
    """Serve one subscriber until it leaves, is too slow, or the server stops."""
    headers, state = websocket.headers, state_of(websocket)
    allowed = state.settings.allowed_origins
    if not origin_allowed(headers.get("origin"), headers.get("host"), allowed):
        await websocket.close(POLICY_VIOLATION, "origin not allowed")
        return
    await websocket.accept()
    hub = state.hub
    try:
        with state.waiting_room.seat(client_of(websocket)):
            subscribe = await _receive_subscribe(websocket)
        wanted, seconds_left = admit(websocket, subscribe)
        subscription = await hub.subscribe(wanted, after=subscribe.position())
    except StreamVerifierError as error:
        await refuse(websocket, error)
        return
    except WebSocketDisconnect:
        return
    try:
        await Feed(websocket, hub, subscription, seconds_left=seconds_left).run()
    finally:
        hub.unsubscribe(subscription)


async def _receive_subscribe(websocket: WebSocket) -> Subscribe:
    try:
        async with asyncio.timeout(_SUBSCRIBE_TIMEOUT_S):
            return parse_subscribe(await receive_text(websocket))
    except TimeoutError:
        raise ProtocolError(
            f"No subscribe message came within {_SUBSCRIBE_TIMEOUT_S:g} s."
        ) from None
