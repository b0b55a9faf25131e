"""A feed that does what it should not: refused, counted, told, and nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import pytest_asyncio
from blockbuster import BlockBuster

from stream_verifier.decoded.frames import Picture, Sound
from stream_verifier.errors import ProtocolError
from stream_verifier.media.fed.source import FedSource
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame
from tests.support.fed import jpeg, silence

LIMITS = MediaLimits()


@pytest_asyncio.fixture
async def fed(decoders: ThreadPoolExecutor) -> AsyncIterator[FedSource]:
    source = FedSource(inbox=MediaInbox(), decoders=decoders)
    await source.start()
    yield source
    await source.close()


def inbox_of(source: FedSource) -> MediaInbox:
    return source._intake._delivery._inbox


def refused(source: FedSource, kind: str) -> dict[str, int]:
    return dict(source.stats.streams[kind].refused)


def decoded(source: FedSource) -> int:
    return source.stats.streams["video"].frames + sum(refused(source, "video").values())


async def seen(source: FedSource, count: int) -> list[MediaItem]:
    """What came into the inbox once so many pictures were decoded or refused."""
    async with asyncio.timeout(20):
        while decoded(source) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return inbox_of(source).drain()


async def test_pictures_and_sound_come_on_one_clock(fed: FedSource) -> None:
    fed.take(silence(0.1, at_s=1_700_000_000.0))
    fed.take(Picture(1_700_000_000.5, jpeg()))
    sound, picture = await seen(fed, 1)
    assert isinstance(sound, AudioChunk)
    assert isinstance(picture, VideoFrame)
    assert (sound.start_s, picture.time_s) == (0.0, pytest.approx(0.5, abs=1e-3))
    assert fed.stats.synchronised


async def test_two_pictures_a_second_are_no_gaps(fed: FedSource) -> None:
    items = []
    for step in range(6):
        fed.take(Picture(0.55 * step, jpeg()))
        items += await seen(fed, step + 1)
    assert not [one for one in items if isinstance(one, MediaGap)]


async def test_pictures_that_go_back_are_refused_counted_and_told(fed: FedSource) -> None:
    for at_s in (1.0, 0.5, 1.0, 2.0):
        fed.take(Picture(at_s, jpeg()))
    items = await seen(fed, 4)
    assert refused(fed, "video") == {"out_of_order": 2}
    assert [one.reason for one in items if isinstance(one, MediaGap)] == ["out_of_order"]


async def test_more_sound_than_time_has_passed_is_not_heard(fed: FedSource) -> None:
    """A minute of sound in no time: ten seconds are a network's queue, the rest nobody's."""
    for step in range(120):
        fed.take(silence(0.5, at_s=step / 2))
    items = inbox_of(fed).drain()
    assert max(one.end_s for one in items) < 12
    assert refused(fed, "audio")["out_of_order"] > 80
    assert "out_of_order" in {one.reason for one in items if isinstance(one, MediaGap)}


async def test_the_same_moment_again_and_again_is_heard_once(fed: FedSource) -> None:
    for _ in range(50):
        fed.take(silence(1.0, at_s=7.0))
    heard = [one for one in inbox_of(fed).drain() if isinstance(one, AudioChunk)]
    assert sum(len(one.samples) for one in heard) == 16_000


async def test_sound_of_more_than_a_second_in_one_piece_breaks_the_contract(
    fed: FedSource,
) -> None:
    with pytest.raises(ProtocolError, match="at most 1 s"):
        fed.take(silence(1.001, at_s=0.0))


async def test_a_clock_that_jumps_leads_nowhere(fed: FedSource) -> None:
    for at_s in (0.0, 9e12, -9e12, 1.0):
        fed.take(Sound(at_s, bytes(3_200)))
        fed.take(Picture(at_s, jpeg()))
    items = await seen(fed, 4)
    assert all(-0.1 <= one.start_s <= 12 for one in items)


async def test_a_flood_is_bounded_and_told(decoders: ThreadPoolExecutor) -> None:
    limits = MediaLimits(frames_per_s=5, bytes_per_s=200_000)
    source = FedSource(inbox=MediaInbox(), decoders=decoders, limits=limits)
    await source.start()
    image = jpeg()
    for step in range(200):
        source.take(Picture(step / 100, image))
    items = await seen(source, 200)
    counts = refused(source, "video")
    assert counts["too_many_frames"] >= 100
    assert source.stats.streams["video"].frames <= 15
    assert "too_many_frames" in {one.reason for one in items if isinstance(one, MediaGap)}
    for step in range(200):
        source.take(silence(1.0, at_s=2 + step))
    assert refused(source, "audio")["too_many_packets"] > 100
    await source.close()


async def test_a_decoder_that_is_busy_drops_the_oldest_and_says_so() -> None:
    gate = threading.Event()
    with ThreadPoolExecutor(1) as decoders:
        decoders.submit(gate.wait)
        source = FedSource(inbox=MediaInbox(), decoders=decoders)
        await source.start()
        for step in range(30):
            source.take(Picture(step / 30, jpeg()))
            await asyncio.sleep(0)
        gate.set()
        await seen(source, 30)
        assert refused(source, "video") == {"decoder_behind": 21}
        assert source.stats.streams["video"].frames == 9
        await source.close()


async def test_bad_pictures_are_told_and_good_ones_go_on(fed: FedSource) -> None:
    fed.take(Picture(0.0, b"\xff\xd8\xff" + bytes(1_000)))
    fed.take(Picture(0.5, jpeg()))
    items = await seen(fed, 2)
    assert refused(fed, "video") == {"frame_garbled": 1}
    assert [type(one) for one in items if isinstance(one, VideoFrame)] == [VideoFrame]


async def test_nothing_of_it_blocks_the_event_loop(
    fed: FedSource, loop_never_blocks: BlockBuster
) -> None:
    for step in range(10):
        fed.take(silence(0.1, at_s=step / 10))
        fed.take(Picture(step / 10, jpeg(640, 480)))
        await asyncio.sleep(0.02)
    await seen(fed, 10)


async def test_closed_it_takes_nothing(fed: FedSource) -> None:
    await fed.close()
    fed.take(silence(0.1, at_s=0.0))
    assert fed.stats.streams == {}
    assert inbox_of(fed).drain() == []
