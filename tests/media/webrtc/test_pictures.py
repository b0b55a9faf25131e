"""A decoder makes no more pictures than are taken, wakes nobody, and is never held for ever."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver
from aiortc.codecs.h264 import H264Decoder
from aiortc.jitterbuffer import JitterFrame

from stream_verifier.media.webrtc.aiortc_patches import PictureDecoder, pictures

FOR_EVER_S = 60.0


class Codec:
    """Stands for one that was negotiated."""

    def __init__(self, name: str) -> None:
        self.name = name


class Picture(str):
    """Stands for one that was decoded."""

    pts: int


class Decoder:
    """Makes of a frame the picture of its own name, or none that can be."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def decode(self, frame: JitterFrame) -> list[Picture]:
        if frame.data == b"garbage":
            raise av.InvalidDataError(1, "garbage")
        if frame.data == b"hidden":
            return []
        picture = Picture(f"{self._codec.name}-{frame.data.decode()}")
        picture.pts = frame.timestamp
        return [picture]


@pytest.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RTCRtpReceiver]:
    monkeypatch.setattr(pictures, "get_decoder", Decoder)
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    yield pc.addTransceiver("video", direction="recvonly").receiver
    await pc.close()


def feed(decoder: PictureDecoder, *frames: object, codec: str = "VP8") -> None:
    for number, frame in enumerate(frames):
        encoded: Any = (Codec(codec), JitterFrame(str(frame).encode(), number))
        decoder.put(encoded)


def thread_of(decoder: PictureDecoder) -> threading.Thread:
    """As aiortc has one: it asks for what to decode until there is the end."""
    thread = threading.Thread(target=decoder.get)
    thread.start()
    return thread


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(FOR_EVER_S / 2):
        while not true():  # noqa: ASYNC110 (a thread sets no asyncio.Event)
            await asyncio.sleep(0.001)


def make(receiver: RTCRtpReceiver, taken: list[Any], **options: Any) -> PictureDecoder:
    def take(picture: Any, _: bool) -> None:
        taken.append(picture)

    return PictureDecoder(receiver, take, **{"longest_s": FOR_EVER_S, **options})


async def test_no_more_wait_than_may_and_all_come_in_order(receiver: RTCRtpReceiver) -> None:
    taken: list[str] = []
    decoder = make(receiver, taken, most=3)
    feed(decoder, *range(50))
    thread = thread_of(decoder)
    await until(lambda: decoder.qsize() == 49)  # The 50th is in its hands.
    assert len(decoder._decoded) == 3
    while len(taken) < 50:
        decoder.give()
        assert len(decoder._decoded) <= 3
        await asyncio.sleep(0)
    decoder.put(None)
    await until(lambda: not thread.is_alive())
    assert taken == [f"VP8-{number}" for number in range(50)]


async def test_pictures_come_with_the_next_that_is_to_be_decoded(receiver: RTCRtpReceiver) -> None:
    taken: list[str] = []
    decoder = make(receiver, taken)
    thread = thread_of(decoder)
    feed(decoder, 1)
    await until(lambda: len(decoder._decoded) == 1)
    assert taken == []
    feed(decoder, 2)
    assert taken == ["VP8-1"]
    decoder.put(None)
    await until(lambda: not thread.is_alive())


async def test_where_nobody_takes_any_the_decoder_comes_to_its_end(
    receiver: RTCRtpReceiver,
) -> None:
    decoder = make(receiver, [], most=2, longest_s=0.01)
    feed(decoder, *range(6))
    decoder.put(None)
    thread = thread_of(decoder)
    await until(lambda: not thread.is_alive())
    assert decoder.qsize() == 6


async def test_the_end_lets_a_decoder_go_that_is_held(receiver: RTCRtpReceiver) -> None:
    taken: list[str] = []
    decoder = make(receiver, taken, most=1)
    feed(decoder, 1, 2, 3)
    thread = thread_of(decoder)
    await until(lambda: len(decoder._decoded) == 1)
    decoder.put(None)
    await until(lambda: not thread.is_alive())
    decoder.give()
    assert taken == ["VP8-1", "VP8-2", "VP8-3"]


async def test_what_cannot_be_decoded_asks_for_a_key_frame_and_is_passed_over(
    receiver: RTCRtpReceiver,
) -> None:
    taken: list[str] = []
    decoder = make(receiver, taken)
    feed(decoder, 1, "garbage", 2)
    feed(decoder, 3, codec="H264")
    decoder.put(None)
    decoder.get()
    decoder.give()
    assert taken == ["VP8-1", "VP8-2", "H264-3"]
    assert receiver._RTCRtpReceiver__decoder_error.is_set()  # type: ignore[attr-defined]


@pytest.mark.parametrize("nothing", ["hidden", "garbage"])
async def test_frames_of_which_no_picture_comes_are_told_with_one_that_comes(
    receiver: RTCRtpReceiver, nothing: str
) -> None:
    """A decoder keeps back so many, since others are shown before them, and no more."""
    told: list[bool] = []
    decoder = PictureDecoder(receiver, lambda _, passed_over: told.append(passed_over), most=99)
    feed(decoder, *[nothing] * 3, *range(20))
    decoder.put(None)
    decoder.get()
    decoder.give()
    assert told == [False] * 13 + [True] * 3 + [False] * 4


async def test_pictures_that_come_in_the_order_of_their_dates_are_all_there(
    receiver: RTCRtpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[bool] = []
    decoder = PictureDecoder(receiver, lambda _, passed_over: told.append(passed_over), most=99)
    monkeypatch.setattr(pictures, "get_decoder", lambda _: H264Decoder())
    coded = _reordered(60)
    assert coded != sorted(coded)
    for pts, data in coded:
        encoded: Any = (Codec("H264"), JitterFrame(data, pts))
        decoder.put(encoded)
    decoder.put(None)
    decoder.get()
    decoder.give()
    assert len(told) > 50
    assert not any(told)


def _reordered(count: int) -> list[tuple[int, bytes]]:
    """Pictures of H.264 in the order in which they are decoded, with when they are shown."""
    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = 64, 48, "yuv420p"
    context.framerate, context.time_base = 30, Fraction(1, 30)
    context.max_b_frames, context.options = 3, {"b_strategy": "0", "preset": "ultrafast"}
    blank = np.zeros((72, 64), np.uint8)
    coded = []
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(blank + number, "yuv420p")
        frame.pts = number
        coded += context.encode(frame)
    return [(packet.pts, bytes(packet)) for packet in [*coded, *context.encode(None)]]


async def test_what_is_not_decoded_yet_can_be_taken_back(receiver: RTCRtpReceiver) -> None:
    decoder = make(receiver, [])
    feed(decoder, 1)
    assert decoder.get_nowait() is not None
    with pytest.raises(queue.Empty):
        decoder.get_nowait()
