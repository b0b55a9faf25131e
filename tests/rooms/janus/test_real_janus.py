"""Entering, following and subscribing to VideoRooms of Debian's Janus."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from pydantic import SecretStr

from stream_verifier.errors import (
    MediaError,
    RoomError,
    RoomHostError,
    RoomRefusedError,
    UnknownRoomError,
)
from stream_verifier.media.encode import write_webm
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import SourceRequest
from stream_verifier.media.types import VideoFrame
from stream_verifier.rooms.janus.connection import Keys
from stream_verifier.rooms.janus.room import JanusHost, JanusRoom, TextRoom
from stream_verifier.rooms.janus.source import JanusSource
from tests.support.janus_server import (
    ADDRESS,
    PIN,
    PIN_ROOM,
    ROOM,
    ROOM_SECRET,
    JanusPublisher,
    JanusServer,
    janus_server,
    make_peer,
    needs_janus,
    publishing,
    until,
)
from tests.support.layered_publisher import LayeredPublisher
from tests.support.media_source_contract import MediaSourceContract, Played
from tests.support.turning_publisher import TurningPublisher

pytestmark = needs_janus


@contextlib.asynccontextmanager
async def entered(host: JanusHost) -> AsyncIterator[JanusRoom]:
    room = await host.enter(make_peer)
    try:
        yield room
    finally:
        await room.leave()


def host_of(server: JanusServer, room: int | str = ROOM, pin: str | None = None) -> JanusHost:
    return JanusHost(url=server.url, room=str(room), pin=None if pin is None else SecretStr(pin))


async def subscribed(room: JanusRoom, one: JanusPublisher) -> tuple[JanusSource, MediaInbox]:
    """What one publisher sends, once the room has him; not started."""
    await until(lambda: str(one.feed) in room.publishers)
    inbox = MediaInbox()
    request = SourceRequest(session="s1", offer="")
    return room.source(room.publishers[str(one.feed)], request, inbox), inbox


class TestJanusSource(MediaSourceContract):
    """It is a source of media like any other."""

    @pytest_asyncio.fixture
    async def played(self, janus: JanusServer, grace: str) -> AsyncIterator[Played]:
        async with (
            publishing(janus, grace) as one,
            entered(host_of(janus)) as room,
        ):
            source, inbox = await subscribed(room, one)
            yield Played(source, inbox)
            await source.close()


async def test_a_phone_held_upright_is_looked_at_upright(
    janus: JanusServer, grace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Phones say in packets how their pictures are to be turned, which browsers in the room do."""
    phone = partial(TurningPublisher, quarters=1)
    monkeypatch.setattr("benchmarks.janus.publisher.Publisher", phone)
    async with publishing(janus, grace) as one, entered(host_of(janus)) as room:
        source, inbox = await subscribed(room, one)
        await source.start()
        pictures: list[VideoFrame] = []

        def came() -> bool:
            pictures.extend(item for item in inbox.drain() if isinstance(item, VideoFrame))
            return bool(pictures)

        await until(came)
        await source.close()
    height, width = pictures[0].image.shape[:2]
    assert height > width


async def test_each_size_of_a_simulcast_can_be_looked_at(
    janus: JanusServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publisher who writes his own packets sends another picture in each."""
    sizes = [(160, 120), (320, 240), (640, 480)]
    paths = [tmp_path / f"{width}.webm" for width, _ in sizes]
    for path, (width, height) in zip(paths, sizes, strict=True):
        picture = np.full((height, width, 3), width // 3, np.uint8)
        write_webm(path, [picture] * 5, np.zeros(24_000, np.int16), fps=10, size=(width, height))
    layered = partial(LayeredPublisher, larger=paths[1:])
    monkeypatch.setattr("benchmarks.janus.publisher.Publisher", layered)
    async with publishing(janus, paths[0]) as one, entered(host_of(janus)) as room:
        source, inbox = await subscribed(room, one)
        assert [s.layered for s in room.publishers[str(one.feed)].streams if s.kind == "video"]
        await source.start()

        def comes(width: int) -> bool:
            pictures = (item for item in inbox.drain() if isinstance(item, VideoFrame))
            shown = [(p.image.shape[1], round(float(p.image.mean()))) for p in pictures]
            return any(w == width and abs(grey - width // 3) < 8 for w, grey in shown)

        for layer in (1, 2, 0, 2):
            await source.choose_layer(layer)
            await until(partial(comes, sizes[layer][0]))
        await source.close()


async def test_publishers_come_are_renamed_stop_and_go(janus: JanusServer, grace: str) -> None:
    async with entered(host_of(janus)) as room:
        assert dict(room.publishers) == {}
        one = JanusPublisher(janus.url, ROOM, display="grace", address=ADDRESS)
        await one.join()
        await one.publish(grace)
        feed = str(one.feed)
        await until(lambda: feed in room.publishers)
        seen = room.publishers[feed]
        assert seen.display == "grace"
        assert [(s.kind, s.codec) for s in seen.streams] == [("audio", "opus"), ("video", "vp8")]
        await one.ask(request="configure", display="somebody else")
        await until(lambda: room.publishers[feed].display == "somebody else")
        assert room.publishers[feed].stint == seen.stint
        await one.unpublish()
        await until(lambda: room.publishers[feed].streams == ())
        await one.publish(grace)
        await until(lambda: len(room.publishers[feed].streams) == 2)
        assert room.publishers[feed].stint > seen.stint
        await one.leave()
        await until(lambda: not room.publishers)


async def test_others_are_not_told_of_a_name_and_never_see_us_publish(
    janus: JanusServer, grace: str
) -> None:
    async with publishing(janus, grace) as one, entered(host_of(janus)):
        listed = await one.ask(request="listparticipants", room=ROOM)
        ours = [p for p in listed["participants"] if p["id"] != one.feed]
        assert [(p.get("display"), p["publisher"]) for p in ours] == [(None, False)]


async def test_whoever_is_kicked_is_gone_and_a_room_that_is_destroyed_is_over(
    janus: JanusServer, grace: str
) -> None:
    async with publishing(janus, grace) as one, entered(host_of(janus)) as room:
        await until(lambda: str(one.feed) in room.publishers)
        await one.ask(request="kick", room=ROOM, secret=ROOM_SECRET, id=one.feed)
        await until(lambda: not room.publishers)
    admin = JanusPublisher(janus.url, ROOM, display=None, address=ADDRESS)
    await admin.join()
    async with entered(host_of(janus)) as room:
        await room.changed()
        await admin.ask(request="destroy", room=ROOM, secret=ROOM_SECRET)
        async with asyncio.timeout(10):
            with pytest.raises(UnknownRoomError, match="destroyed"):
                while True:
                    await room.changed()
    await admin.leave()


async def test_we_may_be_put_out(janus: JanusServer) -> None:
    admin = JanusPublisher(janus.url, ROOM, display=None, address=ADDRESS)
    await admin.join()
    async with entered(host_of(janus)) as room:
        await room.changed()
        listed = await admin.ask(request="listparticipants", room=ROOM)
        (ours,) = (p["id"] for p in listed["participants"] if p["id"] != admin.feed)
        await admin.ask(request="kick", room=ROOM, secret=ROOM_SECRET, id=ours)
        async with asyncio.timeout(10):
            with pytest.raises(RoomRefusedError):
                await room.changed()
    await admin.leave()


async def test_a_room_with_a_pin_and_private_ids(janus: JanusServer, grace: str) -> None:
    with pytest.raises(RoomRefusedError):
        await host_of(janus, PIN_ROOM).enter(make_peer)
    with pytest.raises(RoomRefusedError):
        await host_of(janus, PIN_ROOM, "wrong").enter(make_peer)
    async with (
        publishing(janus, grace, room=PIN_ROOM, pin=PIN) as one,
        entered(host_of(janus, PIN_ROOM, PIN)) as room,
    ):
        source, _ = await subscribed(room, one)
        await source.start()
        await until(lambda: source.mark)
        await source.close()


async def test_what_is_wrong_is_told_apart(janus: JanusServer) -> None:
    with pytest.raises(UnknownRoomError, match="no such room"):
        await host_of(janus, 99).enter(make_peer)
    with pytest.raises(UnknownRoomError):
        await host_of(janus, "no-number").enter(make_peer)
    janus.kill()
    with pytest.raises(RoomHostError, match="does not answer"):
        await host_of(janus).enter(make_peer)


async def test_janus_may_want_a_secret_and_have_text_for_ids(grace: str) -> None:
    keys = Keys(api_secret=SecretStr("s3cret"))
    with janus_server(api_secret="s3cret", string_ids=True) as server:
        with pytest.raises(RoomRefusedError, match="API secret"):
            await host_of(server).enter(make_peer)
        one = JanusPublisher(
            server.url, str(ROOM), display="grace", address=ADDRESS, keys=keys, id="a feed"
        )
        await one.join()
        await one.publish(grace)
        async with entered(JanusHost(url=server.url, room=str(ROOM), keys=keys)) as room:
            await until(lambda: "a feed" in room.publishers)
        await one.leave()


async def test_a_janus_without_its_videoroom() -> None:
    with (
        janus_server(disabled="libjanus_videoroom.so") as server,
        pytest.raises(RoomError, match="no such plugin"),
    ):
        await host_of(server).enter(make_peer)


async def test_words_are_announced_in_a_text_room(janus: JanusServer) -> None:
    secret = SecretStr(ROOM_SECRET)
    for text_room, told in ((None, False), (TextRoom(room=str(ROOM), secret=secret), True)):
        host = JanusHost(url=janus.url, room=str(ROOM), text_room=text_room)
        async with entered(host) as room:
            assert await room.tell("verified") is told
    for text_room, error in (
        (TextRoom(room=str(ROOM), secret=SecretStr("wrong")), RoomRefusedError),
        (TextRoom(room="99", secret=secret), UnknownRoomError),
    ):
        host = JanusHost(url=janus.url, room=str(ROOM), text_room=text_room)
        async with entered(host) as room:
            with pytest.raises(error):
                await room.tell("verified")


async def test_a_janus_that_is_killed_is_gone_to_room_and_sources(
    janus: JanusServer, grace: str
) -> None:
    async with publishing(janus, grace) as one, entered(host_of(janus)) as room:
        source, _ = await subscribed(room, one)
        await source.start()
        await until(lambda: source.mark)
        janus.kill()
        with pytest.raises(RoomHostError):
            async with asyncio.timeout(15):
                while True:
                    await room.changed()
        await until(source.closed.is_set)
        await source.close()
        with pytest.raises(RoomError):
            again, _ = await subscribed(room, one)
            await again.start()


async def test_whoever_stopped_meanwhile_cannot_be_subscribed_to(
    janus: JanusServer, grace: str
) -> None:
    async with publishing(janus, grace) as one, entered(host_of(janus)) as room:
        await until(lambda: str(one.feed) in room.publishers)
        seen = room.publishers[str(one.feed)]
        await one.unpublish()
        source = room.source(seen, SourceRequest(session="s1", offer=""), MediaInbox())
        with pytest.raises((RoomError, MediaError)):
            await source.start()
        assert source.closed.is_set()
