from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from blockbuster import BlockBuster

from stream_verifier.errors import MediaError
from stream_verifier.media.file import FileSource
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.recorded import RecordedSource
from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame
from tests.support.media import SECONDS

PATIENCE_S = 30


def sounds(count: int, *, first: int = 0) -> list[AudioChunk]:
    """Sound of 20 ms each."""
    numbers = range(first, first + count)
    return [AudioChunk(np.full(320, number, np.int16), number / 50) for number in numbers]


async def ended(source: RecordedSource) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await source.closed.wait()
    await source.close()


async def test_unpaced_all_of_a_file_comes_as_it_is_read(
    call_webm: Path, loop_never_blocks: BlockBuster
) -> None:
    items: list[MediaItem] = []

    class Keeping(MediaInbox):
        def put(self, item: MediaItem) -> None:
            items.append(item)

    source = RecordedSource(FileSource(call_webm), inbox=Keeping(), paced=False)
    assert await source.start() == ""
    await ended(source)
    wanted = await asyncio.to_thread(lambda: list(FileSource(call_webm)))
    assert [(one.kind, one.start_s) for one in items] == [(i.kind, i.start_s) for i in wanted]
    assert [one.arrived_s for one in items if not isinstance(one, MediaGap)] == [None] * len(items)
    assert source.mark is not None
    assert source.mark.ends_s["audio"] == pytest.approx(SECONDS, abs=0.1)


async def test_paced_nothing_comes_before_its_time(call_webm: Path) -> None:
    inbox = MediaInbox(max_audio_s=60)
    source = RecordedSource(FileSource(call_webm), inbox=inbox)
    await source.start()
    began_s = time.monotonic()
    await ended(source)
    heard = [item for item in inbox.drain() if isinstance(item, AudioChunk)]
    assert sum(len(item.samples) for item in heard) == pytest.approx(SECONDS * 16_000, abs=1600)
    arrivals = [item.arrived_s for item in heard if item.arrived_s is not None]
    assert len(arrivals) == len(heard)
    for item, arrived_s in zip(heard, arrivals, strict=True):
        assert arrived_s - began_s >= item.end_s - 0.05


async def test_it_carries_on_as_long_after_as_it_really_was_away() -> None:
    first, inbox = RecordedSource(sounds(10), inbox=MediaInbox()), MediaInbox()
    await first.start()
    await ended(first)
    assert first.mark is not None
    next_source = RecordedSource([*sounds(5), VideoFrame(np.zeros((2, 2, 3), np.uint8), 0.2)],
                                 inbox=inbox)  # fmt: skip
    await next_source.start()
    next_source.carry_on(first.mark)
    await ended(next_source)
    gap, *heard, _ = inbox.drain()
    assert gap == MediaGap("audio", first.mark.ends_s["audio"], heard[0].start_s, "reconnected")
    assert gap.end_s >= gap.start_s
    assert next_source.mark is not None
    assert set(next_source.mark.ends_s) == {"audio", "video"}


def nothing() -> Iterator[MediaItem]:
    yield from ()
    raise MediaError("There is no such file.")


@pytest.mark.parametrize(("media", "why"), [(nothing(), "no such file"), ([], "nothing in this")])
async def test_a_recording_that_cannot_be_played_is_refused_at_the_start(
    media: Iterator[MediaItem] | list[MediaItem], why: str
) -> None:
    source = RecordedSource(media, inbox=MediaInbox())
    with pytest.raises(MediaError, match=why):
        await source.start()
    assert source.closed.is_set()


@pytest.mark.parametrize("error", [MediaError("It is damaged."), ValueError("a mistake of ours")])
async def test_one_that_breaks_off_is_played_up_to_there(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def breaking() -> Iterator[MediaItem]:
        yield from sounds(3)
        raise error

    inbox = MediaInbox()
    source = RecordedSource(breaking(), inbox=inbox, paced=False)
    await source.start()
    await ended(source)
    assert len(inbox.drain()) == 3
    ours = not isinstance(error, MediaError)
    assert [record.levelno for record in caplog.records] == [
        logging.ERROR if ours else logging.WARNING
    ]


class Decoder:
    """Takes until it is told to go on for every item, as a slow disk does."""

    def __init__(self, *, quick: int) -> None:
        self.quick = quick
        self.busy = threading.Event()
        self.go_on = threading.Event()
        self.released = False

    def __iter__(self) -> Iterator[MediaItem]:
        try:
            for number, item in enumerate(sounds(1000)):
                if number >= self.quick:
                    self.busy.set()
                    self.go_on.wait(PATIENCE_S)
                    self.busy.clear()
                yield item
        finally:
            self.released = True


@pytest.mark.parametrize("quick", [0, 1])
async def test_closing_waits_for_the_thread_that_reads_and_lets_go_of_the_file(quick: int) -> None:
    decoder = Decoder(quick=quick)
    source = RecordedSource(decoder, inbox=MediaInbox())
    starting = asyncio.create_task(source.start())
    await asyncio.to_thread(decoder.busy.wait, PATIENCE_S)
    closing = asyncio.create_task(source.close())
    _, waiting = await asyncio.wait({closing}, timeout=0.1)
    assert waiting == {closing}
    decoder.go_on.set()
    await closing
    assert (decoder.busy.is_set(), decoder.released) == (False, True)
    (told,) = await asyncio.gather(starting, return_exceptions=True)
    assert isinstance(told, MediaError) if quick == 0 else told == ""
