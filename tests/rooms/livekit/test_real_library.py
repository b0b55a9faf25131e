"""LiveKit's client whole, its native library too, with a small server of ours."""

from __future__ import annotations

import asyncio
import fractions
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import av
import numpy as np
import pytest
import pytest_asyncio
from aiortc.mediastreams import MediaStreamTrack
from livekit import rtc

from stream_verifier.errors import RoomHostError, RoomRefusedError
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import SourceRequest
from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame
from stream_verifier.rooms.livekit import room as room_module
from stream_verifier.rooms.livekit import subscriptions
from stream_verifier.rooms.livekit.room import TOPIC, LiveKitRoom, enter_room
from stream_verifier.rooms.livekit.source import LiveKitSource
from tests.rooms.livekit.conftest import SHAPE
from tests.support.janus_server import ADDRESS, until
from tests.support.livekit_server import LiveKitServer, livekit_server

pytestmark = pytest.mark.skipif(not ADDRESS, reason="needs an address other than loopback")
_PIECE = 960


class _Paced(MediaStreamTrack):
    """Frames when they are due."""

    step_s = 0.02

    def __init__(self) -> None:
        super().__init__()
        self._number, self._began_s = 0, 0.0

    async def recv(self) -> av.AudioFrame | av.VideoFrame:
        self._began_s = self._began_s or time.monotonic()
        due_s = self._began_s + self._number * self.step_s
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        frame = self._frame(self._number)
        self._number += 1
        return frame

    def _frame(self, number: int) -> av.AudioFrame | av.VideoFrame:
        raise NotImplementedError


class Tone(_Paced):
    kind = "audio"

    def _frame(self, number: int) -> av.AudioFrame:
        at = np.arange(number * _PIECE, (number + 1) * _PIECE)
        pcm = (8000 * np.sin(at * 2 * np.pi * 440 / 48_000)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, number * _PIECE
        frame.time_base = fractions.Fraction(1, 48_000)
        return frame


class Halves(_Paced):
    """White above, black below."""

    kind = "video"
    step_s = 1 / 15

    def _frame(self, number: int) -> av.VideoFrame:
        image = np.zeros((240, 320, 3), np.uint8)
        image[:120] = 255
        frame = av.VideoFrame.from_ndarray(image, format="bgr24")
        frame.pts, frame.time_base = number * 6000, fractions.Fraction(1, 90_000)
        return frame


@dataclass
class Subscribed:
    """A subscriber in the room, its source and all that came."""

    server: LiveKitServer
    room: LiveKitRoom
    source: LiveKitSource
    inbox: MediaInbox
    items: list[MediaItem] = field(default_factory=list)

    def came(self) -> list[MediaItem]:
        self.items += self.inbox.drain()
        return self.items

    def gaps(self) -> list[tuple[str, str]]:
        return [(one.kind, one.reason) for one in self.came() if isinstance(one, MediaGap)]

    def frames(self, kind: str) -> int:
        stream = self.source.stats.streams.get(kind)
        return 0 if stream is None else stream.frames


@pytest_asyncio.fixture
async def here() -> AsyncIterator[Subscribed]:
    async with livekit_server({"audio": Tone(), "video": Halves()}) as server:
        room = await enter_room(server.url, "token", SHAPE, tells=True)
        inbox = MediaInbox()
        publisher = room.publishers["ada"]
        source = room.source(publisher, SourceRequest(session="s", offer=""), inbox)
        yield Subscribed(server, room, source, inbox)
        await source.close()
        await room.leave()


async def test_it_receives_and_decodes_what_was_chosen(here: Subscribed) -> None:
    assert here.server.tokens == ["Bearer token"]
    publisher = here.room.publishers["ada"]
    assert (publisher.display, publisher.unread) == ("Ada L.", 0)
    assert [(one.mid, one.layered) for one in publisher.streams] == [
        ("TR_audio", False),
        ("TR_video", True),
    ]
    await here.source.start()
    await until(lambda: here.frames("audio") > 150 and here.frames("video") > 15)
    sound = np.concatenate([one.samples for one in here.came() if isinstance(one, AudioChunk)])
    spectrum = np.abs(np.fft.rfft(sound[-8000:].astype(float)))
    assert spectrum.argmax() * 16_000 / 8000 == pytest.approx(440, abs=4)
    pictures = [one for one in here.items if isinstance(one, VideoFrame)]
    assert pictures[-1].image.shape == (240, 320, 3)
    assert pictures[-1].image[:100].mean() > 200 > 50 > pictures[-1].image[-100:].mean()
    mark = here.source.mark
    assert mark is not None
    assert abs(mark.ends_s["audio"] - mark.ends_s["video"]) < 1
    assert here.gaps() == []


async def test_sizes_are_asked_for_and_words_sent(here: Subscribed) -> None:
    await here.source.start()
    await until(lambda: here.frames("video"))
    await here.source.choose_layer(2)
    await until(lambda: ("TR_video", 2) in here.server.sizes)
    assert await here.room.tell('{"type": "verdict"}')
    await until(lambda: here.server.said == [(TOPIC, b'{"type": "verdict"}')])


async def test_a_muted_microphone_is_a_gap_and_the_camera_goes_on(here: Subscribed) -> None:
    await here.source.start()
    await until(lambda: here.frames("audio") > 50 and here.frames("video"))
    await here.server.mute("audio", muted=True)
    await until(lambda: [one.kind for one in here.room.publishers["ada"].streams] == ["video"])
    before, pictures = here.frames("audio"), here.frames("video")
    await until(lambda: here.frames("video") > pictures + 15)
    assert here.frames("audio") == before
    await here.server.mute("audio", muted=False)
    await until(lambda: here.frames("audio") > before + 50)
    assert here.gaps() == [("audio", "muted")]
    assert here.room.publishers["ada"].stint == 1


@pytest.mark.parametrize("idle_s", [60.0, 0.05], ids=["kept", "given back"])
async def test_taken_again_it_flows_again(
    here: Subscribed, monkeypatch: pytest.MonkeyPatch, idle_s: float
) -> None:
    monkeypatch.setattr(subscriptions, "IDLE_S", idle_s)
    await here.source.start()
    await until(lambda: here.frames("audio") and here.frames("video"))
    await asyncio.wait_for(here.source.close(), 5)
    await until(lambda: idle_s > 1 or not here.server.senders)
    publisher, inbox = here.room.publishers["ada"], MediaInbox()
    again = here.room.source(publisher, SourceRequest(session="s", offer=""), inbox)
    await again.start()
    await until(lambda: set(again.stats.streams) == {"audio", "video"})
    await again.close()


async def test_who_leaves_is_gone(here: Subscribed) -> None:
    await here.source.start()
    await until(lambda: here.frames("video"))
    await here.server.go()
    await until(lambda: not here.room.publishers)
    await asyncio.wait_for(here.source.close(), 5)


async def test_who_is_put_out_learns_it(here: Subscribed) -> None:
    await here.source.start()
    await until(lambda: here.frames("video"))
    await here.server.put_out(rtc.DisconnectReason.PARTICIPANT_REMOVED)
    with pytest.raises(RoomRefusedError):
        async with asyncio.timeout(20):
            while True:
                await here.room.changed()
    assert here.source.closed.is_set()


async def test_a_server_that_is_gone_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_module, "_RECONNECT_S", 1.0)
    async with livekit_server({"audio": Tone(), "video": Halves()}) as server:
        room = await enter_room(server.url, "token", SHAPE, tells=False)
    with pytest.raises(RoomHostError):
        async with asyncio.timeout(20):
            while True:
                await room.changed()
    await room.leave()
