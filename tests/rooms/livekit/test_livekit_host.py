"""How a room is looked for before it is entered, and what is entered with."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import jwt
import pytest

from stream_verifier.errors import RoomError, RoomHostError, RoomRefusedError, UnknownRoomError
from stream_verifier.media.limits import MediaLimits
from stream_verifier.rooms.livekit.asking import check_room
from stream_verifier.rooms.livekit.host import LiveKitHost
from stream_verifier.rooms.livekit.keys import Keys
from tests.support.livekit_double import LiveKitDouble
from tests.support.livekit_news import KEYS

URL = "wss://livekit.example/base/"


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.MockTransport:
    return httpx.MockTransport(answer)


async def test_it_asks_at_the_same_address_by_name() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"rooms": [{"sid": "RM_1", "name": "meeting"}]})

    await check_room(URL, "meeting", KEYS, transport=answering(answer))
    assert str(asked[0].url) == ("https://livekit.example/base/twirp/livekit.RoomService/ListRooms")
    assert json.loads(asked[0].content) == {"names": ["meeting"]}
    token = asked[0].headers["authorization"].removeprefix("Bearer ")
    assert jwt.decode(token, options={"verify_signature": False})["video"] == {"roomList": True}


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (httpx.Response(200, json={"rooms": []}), UnknownRoomError),
        (httpx.Response(200, json={}), UnknownRoomError),
        (httpx.Response(200, json={"rooms": [{"name": "other"}]}), UnknownRoomError),
        (httpx.Response(401, json={"code": "unauthenticated"}), RoomRefusedError),
        (httpx.Response(403), RoomRefusedError),
        (httpx.Response(302, headers={"location": "https://evil.example"}), RoomHostError),
        (httpx.Response(503), RoomHostError),
        (httpx.Response(200, text="<html>"), RoomHostError),
        (httpx.Response(200, text="[" * 100_000), RoomHostError),
        (httpx.Response(200, json={"rooms": 7}), RoomHostError),
        (httpx.Response(200, json=["rooms"]), RoomHostError),
        (httpx.Response(200, content=b" " * 300_000), RoomHostError),
    ],
)
async def test_what_it_answers_is_told_apart(
    response: httpx.Response, error: type[RoomError]
) -> None:
    with pytest.raises(error):
        await check_room(URL, "meeting", KEYS, transport=answering(lambda _: response))


async def test_nobody_there_is_a_host_that_is_gone() -> None:
    with pytest.raises(RoomHostError, match="ConnectError"):
        await check_room("ws://127.0.0.1:1", "meeting", KEYS)


async def test_it_is_entered_with_another_identity_each_time(livekit: LiveKitDouble) -> None:
    async def there(url: str, room: str, keys: Keys) -> None:
        assert (url, room) == (URL, "meeting")

    host = LiveKitHost(url=URL, room="meeting", keys=KEYS, limits=MediaLimits(), check=there)
    for _ in range(2):
        await (await host.enter(None)).leave()  # type: ignore[arg-type]
    claims = [jwt.decode(one, options={"verify_signature": False}) for one in livekit.tokens]
    assert len({one["sub"] for one in claims}) == 2
    assert {one["video"]["room"] for one in claims} == {"meeting"}
    assert not any(one["video"]["canPublishData"] for one in claims)


async def test_a_room_that_is_not_there_is_not_made_by_entering_it(livekit: LiveKitDouble) -> None:
    async def nowhere(url: str, room: str, keys: Keys) -> None:
        raise UnknownRoomError("there is none")

    host = LiveKitHost(url=URL, room="meeting", keys=KEYS, limits=MediaLimits(), check=nowhere)
    with pytest.raises(UnknownRoomError):
        await host.enter(None)  # type: ignore[arg-type]
    assert livekit.tokens == []
