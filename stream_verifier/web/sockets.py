"""What all WebSockets do alike: read a message, and say why they close."""

from __future__ import annotations

import asyncio

from starlette.websockets import WebSocket, WebSocketDisconnect

from stream_verifier.access.waiting import WaitingRoom
from stream_verifier.errors import (
    PassingError,
    ProtocolError,
    RateLimitedError,
    StreamVerifierError,
)
from stream_verifier.events.feed_messages import Refused
from stream_verifier.web.refusals import note_refusal

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013
_GOODBYE_TIMEOUT_S = 1.0
_RETRY_AFTER_S = 1


async def receive(websocket: WebSocket) -> str | bytes:
    """The client's next message, text or binary.

    Raises:
        WebSocketDisconnect: it left.
    """
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text: str | None = message.get("text")
    data: bytes | None = message.get("bytes")
    return (data or b"") if text is None else text


async def receive_text(websocket: WebSocket) -> str:
    """The client's next message.

    Raises:
        WebSocketDisconnect: it left.
        ProtocolError: the message is binary.
    """
    message = await receive(websocket)
    if isinstance(message, bytes):
        raise ProtocolError("Messages are JSON text, not binary.")
    return message


async def receive_first(
    websocket: WebSocket, room: WaitingRoom, client: str, *, within_s: float
) -> str:
    """The client's first message, waited for in a seat that the next one may need.

    Raises:
        WebSocketDisconnect: it left.
        ProtocolError: the message is binary, or did not come in time.
        RateLimitedError: it had to give way.
    """
    given_way = False
    try:
        async with asyncio.timeout(within_s) as patience:

            def give_way() -> None:
                nonlocal given_way
                given_way = True
                patience.reschedule(asyncio.get_running_loop().time())

            with room.seat(client, give_way=give_way):
                return await receive_text(websocket)
    except TimeoutError:
        if given_way:
            raise RateLimitedError(
                "Too many connections wait for their first message: send it at once.",
                retry_after_s=_RETRY_AFTER_S,
            ) from None
        raise ProtocolError(f"No first message came within {within_s:g} s.") from None


async def refuse(websocket: WebSocket, error: StreamVerifierError) -> None:
    """Tell why, then close."""
    note_refusal(websocket, error)
    refused = Refused(code=error.code, message=error.told)
    if isinstance(error, PassingError):
        later = refused.model_copy(update={"retry_after_s": error.retry_after_s})
        await say_why(websocket, later, TRY_AGAIN_LATER)
    else:
        await say_why(websocket, refused, POLICY_VIOLATION)


async def say_why(websocket: WebSocket, refused: Refused, close_code: int) -> None:
    """Send an error and close."""
    try:
        async with asyncio.timeout(_GOODBYE_TIMEOUT_S):
            await websocket.send_text(refused.model_dump_json())
            await websocket.close(close_code, refused.code)
    except (WebSocketDisconnect, RuntimeError, TimeoutError):
        # It left, or takes nothing: it cannot be told.
        return
