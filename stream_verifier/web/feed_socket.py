"""The WebSocket of the event feed: one message in, events out."""

from __future__ import annotations

from starlette.websockets import WebSocket, WebSocketDisconnect

from stream_verifier.errors import StreamVerifierError
from stream_verifier.events.feed_messages import parse_subscribe
from stream_verifier.web.access import client_of
from stream_verifier.web.feed_access import admit
from stream_verifier.web.feed_sender import Feed
from stream_verifier.web.origins import origin_allowed
from stream_verifier.web.sockets import POLICY_VIOLATION, receive_first, refuse
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
    try:
        room, client = state.readers_room, client_of(websocket)
        text = await receive_first(websocket, room, client, within_s=_SUBSCRIBE_TIMEOUT_S)
        subscribe = parse_subscribe(text)
        followed = admit(websocket, subscribe)
        hub = state.hub
        subscription = await hub.subscribe(followed.wanted, after=subscribe.position())
    except StreamVerifierError as error:
        await refuse(websocket, error)
        return
    except WebSocketDisconnect:
        return
    try:
        await Feed(
            websocket,
            hub,
            subscription,
            seconds_left=followed.seconds_left,
            audience=followed.audience,
        ).run()
    finally:
        hub.unsubscribe(subscription)
