"""A recording as a live source: its media comes into a call's inbox at the pace of its clock."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from stream_verifier.errors import MediaError
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import Mark, SourceStats, StreamStats
from stream_verifier.media.types import MediaGap, MediaItem

_logger = logging.getLogger(__name__)


class RecordedSource:
    """Plays media that is there already into a call; a `MediaSource`.

    Args:
        media: in order, such as a `FileSource`; read in a thread, since decoding takes a while.
        inbox: where it goes.
    """

    def __init__(self, media: Iterable[MediaItem], *, inbox: MediaInbox) -> None:
        self.closed = asyncio.Event()
        self._media = media
        self._inbox = inbox
        self._open = True
        self._origin_s: float | None = None
        self._offset_s = 0.0
        self._ends_s: dict[str, float] = {}
        self._before: dict[str, float] = {}
        self._frames: Counter[str] = Counter()
        self._came_s: dict[str, float] = {}
        self._playing: asyncio.Task[None] | None = None

    @property
    def stats(self) -> SourceStats:
        """State and counts now."""
        now_s = time.monotonic()
        streams = {
            kind: StreamStats(packets=count, frames=count, silent_s=now_s - self._came_s[kind])
            for kind, count in self._frames.items()
        }
        state = "closed" if self.closed.is_set() else "connected" if self._playing else "new"
        return SourceStats(state, synchronised=True, streams=streams)

    @property
    def mark(self) -> Mark | None:
        """Where its media stands; None before any came, here or over an earlier source."""
        if self._origin_s is None or not (self._before or self._ends_s):
            return None
        return Mark(self._origin_s, {**self._before, **self._ends_s})

    def carry_on(self, mark: Mark) -> None:
        """Go on where another source of the same call stopped; before any media."""
        self._origin_s = mark.origin_s
        floor_s = max(mark.ends_s.values(), default=0.0)
        self._offset_s = max(floor_s, time.monotonic() - mark.origin_s)
        self._before = dict(mark.ends_s)

    async def start(self) -> str:
        """Begin to play.

        Raises:
            MediaError: it was started before.
        """
        if self._playing is not None or self.closed.is_set():
            raise MediaError("This recording was played already. Open it again.")
        self._playing = asyncio.create_task(self._play())
        return ""

    def silence(self) -> None:
        """Put nothing more into the inbox, from now on."""
        self._open = False

    async def close(self) -> None:
        """Stop playing. Idempotent."""
        self.silence()
        self.closed.set()
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.wait({self._playing})

    async def _play(self) -> None:
        items = iter(self._media)
        try:
            started_s = time.monotonic()
            if self._origin_s is None:
                self._origin_s = started_s
            while (item := await asyncio.to_thread(next, items, None)) is not None:
                await asyncio.sleep(started_s + item.end_s - time.monotonic())
                self._take(item)
        except MediaError:
            _logger.warning("a recording broke off; what came of it was played")
        finally:
            self.closed.set()
            with contextlib.suppress(AttributeError, ValueError):
                items.close()  # type: ignore[attr-defined]

    def _take(self, item: MediaItem) -> None:
        """Put one item in, dated on the call's clock."""
        kind, at_s = item.kind, item.start_s + self._offset_s
        before, self._before = self._before, {}
        for one, end_s in before.items():
            self._put(MediaGap(one, end_s, max(end_s, at_s), "reconnected"))
        if not isinstance(item, MediaGap):
            self._frames[kind] += 1
            self._came_s[kind] = time.monotonic()
        moved = self._dated(item)
        self._ends_s[kind] = moved.end_s
        self._put(moved)

    def _dated(self, item: MediaItem) -> MediaItem:
        moved = item.shifted(self._offset_s)
        return moved if isinstance(moved, MediaGap) else replace(moved, arrived_s=time.monotonic())

    def _put(self, item: MediaItem) -> None:
        if self._open:
            self._inbox.put(item)
