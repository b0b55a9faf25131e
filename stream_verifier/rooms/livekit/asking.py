"""Asks LiveKit whether a room is there, as entering one that is not would make it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx

from stream_verifier.errors import RoomError, RoomHostError, RoomRefusedError, UnknownRoomError
from stream_verifier.rooms.livekit.keys import Keys

_WITHIN_S = 5.0
_MOST_BYTES = 256 * 1024
_PATH = "/twirp/livekit.RoomService/ListRooms"
_REFUSED = {401, 403}


async def check_room(
    url: str, room: str, keys: Keys, *, transport: httpx.AsyncBaseTransport | None = None
) -> None:
    """Return if the room is there.

    Args:
        url: of LiveKit, as clients have it.
        room: its name.
        keys: to ask with.
        transport: of tests.

    Raises:
        UnknownRoomError: LiveKit has no such room.
        RoomRefusedError: it does not take the key.
        RoomHostError: it does not answer, or not as LiveKit does.
    """
    try:
        async with asyncio.timeout(_WITHIN_S):
            answer = await _ask(url, room, keys, transport)
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
        raise RoomHostError(
            f"LiveKit does not answer ({type(error).__name__}). Check its address, and its log."
        ) from error
    if room not in _names(answer):
        raise UnknownRoomError(
            "LiveKit has no such room. It is there once somebody is in it, or it was created."
        )


async def _ask(
    url: str, room: str, keys: Keys, transport: httpx.AsyncBaseTransport | None
) -> bytes:
    # Reads certificates, which takes a moment. Neither redirects nor the environment's proxies
    # lead anywhere else.
    client = await asyncio.to_thread(
        httpx.AsyncClient,
        follow_redirects=False,
        timeout=_WITHIN_S,
        transport=transport,
        trust_env=False,
    )
    headers = {
        "authorization": f"Bearer {keys.question(time.time())}",
        "accept-encoding": "identity",
    }
    async with (
        client,
        client.stream("POST", _address(url), json={"names": [room]}, headers=headers) as response,
    ):
        if (error := _refusal(response.status_code)) is not None:
            raise error
        text = b""
        async for part in response.aiter_bytes():
            text += part
            if len(text) > _MOST_BYTES:
                raise RoomHostError("What answers there is no LiveKit: it says too much.")
    return text


def _address(url: str) -> str:
    """Where LiveKit's API is: at the same address."""
    return "http" + url.removeprefix("ws").removeprefix("http").rstrip("/") + _PATH


def _refusal(status: int) -> RoomError | None:
    if status == httpx.codes.OK:
        return None
    if status in _REFUSED:
        return RoomRefusedError(
            "LiveKit does not take the API key: check it, its secret, and that both clocks agree."
        )
    return RoomHostError(f"What answers there is no LiveKit, or it is ill (HTTP {status}).")


def _names(answer: bytes) -> set[str]:
    try:
        rooms: Any = json.loads(answer).get("rooms", [])
        return {str(one["name"]) for one in rooms}
    except (ValueError, RecursionError, AttributeError, TypeError, KeyError):
        raise RoomHostError("What answers there is no LiveKit.") from None
