"""A decoder makes no more pictures than are taken, and is never held for ever."""

from __future__ import annotations

import asyncio
import threading
import time

from aiortc.rtcrtpreceiver import RemoteStreamTrack

from stream_verifier.media.webrtc.aiortc_patches import Backpressure

FOR_EVER_S = 60.0


def decode(track: RemoteStreamTrack, frames: list[object], loop: asyncio.AbstractEventLoop) -> None:
    """As aiortc's thread does it."""
    for frame in frames:
        asyncio.run_coroutine_threadsafe(track._queue.put(frame), loop)


def decoder(track: RemoteStreamTrack, *frames: object) -> threading.Thread:
    loop = asyncio.get_running_loop()
    thread = threading.Thread(target=decode, args=(track, [*frames], loop))
    thread.start()
    return thread


async def gone(thread: threading.Thread) -> None:
    async with asyncio.timeout(FOR_EVER_S / 2):
        while thread.is_alive():  # noqa: ASYNC110 (a thread sets no asyncio.Event)
            await asyncio.sleep(0.001)


async def test_no_more_wait_than_may_and_all_come_in_order() -> None:
    track = RemoteStreamTrack("video")
    held = Backpressure(track, most=3, longest_s=FOR_EVER_S)
    thread = decoder(track, *range(50), None)
    while held.ahead < 3:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    most, taken = 0, []
    time.sleep(0.05)  # noqa: ASYNC251 (the event loop is busy; the decoder could go on)
    assert held.ahead == 3
    while (frame := await track._queue.get()) is not None:
        most = max(most, held.ahead)
        taken.append(frame)
        await asyncio.sleep(0)
    await gone(thread)
    assert taken == [*range(50)]
    assert most <= 3
    assert held.ahead == 0


async def test_where_nobody_takes_any_the_decoder_comes_to_its_end() -> None:
    track = RemoteStreamTrack("video")
    held = Backpressure(track, most=2, longest_s=0.01)
    thread = decoder(track, *range(6), None)
    await gone(thread)
    await asyncio.sleep(0)
    assert (held.ahead, track._queue.qsize()) == (6, 7)


async def test_the_end_is_told_past_pictures_that_wait() -> None:
    track = RemoteStreamTrack("video")
    Backpressure(track, most=1, longest_s=FOR_EVER_S)
    await gone(decoder(track, "picture", None))
    assert await track._queue.get() == "picture"
    assert await track._queue.get() is None
