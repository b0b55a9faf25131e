"""What every `MediaSource` keeps; a test of each implementation runs it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from stream_verifier.errors import StreamVerifierError
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import Mark, MediaSource
from stream_verifier.media.types import MediaGap, MediaItem

PATIENCE_S = 20


@dataclass(frozen=True, slots=True)
class Played:
    """A source before it starts, its inbox, and what makes its sender send once it has started."""

    source: MediaSource
    inbox: MediaInbox
    send: Callable[[str], object] = lambda answer: None


async def started(played: Played) -> list[MediaItem]:
    """Start it and return the first media of both kinds."""
    played.send(await played.source.start())
    return await media_of(played)


async def media_of(played: Played) -> list[MediaItem]:
    """The first media of both kinds, of a source that has started."""
    items: list[MediaItem] = []
    async with asyncio.timeout(PATIENCE_S):
        while {"audio", "video"} - {one.kind for one in items if not isinstance(one, MediaGap)}:
            items += played.inbox.drain()
            await asyncio.sleep(0.02)
    return items


def assert_carried_on(played: Played, mark: Mark, items: list[MediaItem]) -> None:
    """Between the other source's media and this one's there is a gap of each kind."""
    gaps = {one.kind: one for one in items if isinstance(one, MediaGap)}
    assert {gap.reason for gap in gaps.values()} == {"reconnected"}
    assert {kind: gap.start_s for kind, gap in gaps.items()} == mark.ends_s
    media = [one for one in items if not isinstance(one, MediaGap)]
    assert all(60 <= one.end_s < 60 + PATIENCE_S for one in media)
    carried = played.source.mark
    assert carried is not None
    assert carried.origin_s == pytest.approx(mark.origin_s, abs=1)


class MediaSourceContract:
    """Subclass it with a fixture ``played``."""

    async def test_nothing_comes_before_it_starts(self, played: Played) -> None:
        assert played.source.stats.state == "new"
        assert played.source.mark is None
        assert not played.source.closed.is_set()
        assert played.inbox.drain() == []

    async def test_media_comes_dated_on_one_clock(self, played: Played) -> None:
        before_s = time.monotonic()
        items = await started(played)
        for kind in ("audio", "video"):
            own = [one for one in items if one.kind == kind]
            assert [one.start_s for one in own] == sorted(one.start_s for one in own)
            assert all(-0.01 <= one.start_s < PATIENCE_S for one in own)
        arrivals = [one.arrived_s for one in items if not isinstance(one, MediaGap)]
        assert all(at_s is None or before_s <= at_s <= time.monotonic() for at_s in arrivals)

    async def test_it_tells_what_came(self, played: Played) -> None:
        await started(played)
        stats, mark = played.source.stats, played.source.mark
        assert set(stats.streams) == {"audio", "video"}
        for stream in stats.streams.values():
            assert stream.packets >= 1
            assert stream.silent_s is not None
            assert 0 <= stream.silent_s < PATIENCE_S
        assert mark is not None
        assert set(mark.ends_s) == {"audio", "video"}
        assert all(0 <= end_s < PATIENCE_S for end_s in mark.ends_s.values())

    async def test_it_starts_once(self, played: Played) -> None:
        await started(played)
        with pytest.raises(StreamVerifierError):
            await played.source.start()

    async def test_silenced_it_puts_nothing_more_in(self, played: Played) -> None:
        await started(played)
        played.source.silence()
        played.inbox.drain()
        await asyncio.sleep(0.5)
        assert played.inbox.drain() == []

    async def test_it_closes_at_any_time_and_twice(self, played: Played) -> None:
        await played.source.close()
        await played.source.close()
        assert played.source.closed.is_set()
        assert played.source.stats.state == "closed"
        with pytest.raises(StreamVerifierError):
            await played.source.start()

    async def test_closed_it_leaves_nothing_running(self, played: Played) -> None:
        await started(played)
        await asyncio.gather(played.source.close(), played.source.close())
        assert played.source.closed.is_set()
        played.inbox.drain()
        await asyncio.sleep(0.3)
        assert played.inbox.drain() == []

    async def test_closed_while_it_starts_it_is_closed(self, played: Played) -> None:
        starting = asyncio.create_task(played.source.start())
        await asyncio.sleep(0)
        await played.source.close()
        with contextlib.suppress(StreamVerifierError):
            await starting
        assert played.source.closed.is_set()
        played.inbox.drain()
        await asyncio.sleep(0.3)
        assert played.inbox.drain() == []

    async def test_whoever_started_it_has_a_turn_before_media_comes(self, played: Played) -> None:
        mark = Mark(time.monotonic() - 60, {"audio": 50.0, "video": 49.5})
        played.send(await played.source.start())
        assert played.source.mark is None
        played.source.carry_on(mark)
        assert_carried_on(played, mark, await media_of(played))

    async def test_it_carries_on_after_a_gap_of_each_kind(self, played: Played) -> None:
        mark = Mark(time.monotonic() - 60, {"audio": 50.0, "video": 49.5})
        played.source.carry_on(mark)
        assert_carried_on(played, mark, await started(played))

    async def test_carried_on_it_stands_where_the_other_did_until_media_comes(
        self, played: Played
    ) -> None:
        mark = Mark(time.monotonic() - 60, {"audio": 50.0, "video": 49.5})
        played.source.carry_on(mark)
        assert played.source.mark is not None
        assert played.source.mark.ends_s == mark.ends_s

    async def test_no_media_lies_before_what_came_already(self, played: Played) -> None:
        """A sender's clock may have run ahead of ours."""
        ahead = Mark(time.monotonic() - 60, {"audio": 70.0, "video": 80.0})
        played.source.carry_on(ahead)
        items = [one for one in await started(played) if not isinstance(one, MediaGap)]
        assert all(one.end_s >= ahead.newest_s for one in items)
