"""A recording as the source of a call, as if it came live."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from stream_verifier.errors import MediaError
from stream_verifier.media.closing import Closing
from stream_verifier.media.delivery import Delivery
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import Mark, SourceStats, StreamStats
from stream_verifier.media.types import MediaGap, MediaItem

_logger = logging.getLogger(__name__)


class RecordedSource:
    """Plays media that is there already; a `MediaSource` that tells a client nothing.

    A recording that breaks off is played up to there.

    Args:
        media: in the order of media time, from 0; such as a `FileSource`. It is read in a thread,
            an item ahead, and its iterator is closed in the end.
        inbox: where it goes.
        paced: whether each item comes when its media time has passed. Otherwise it comes as soon
            as it is decoded and without an arrival, and who empties the inbox has to keep up.
    """

    def __init__(
        self, media: Iterable[MediaItem], *, inbox: MediaInbox, paced: bool = True
    ) -> None:
        self.closed = asyncio.Event()
        """Set when all was played or `close` was called, which still has to be awaited."""
        self._media = media
        self._delivery = Delivery(inbox)
        self._paced = paced
        self._items: Iterator[MediaItem] | None = None
        self._origin_s: float | None = None
        self._counts: Counter[str] = Counter()
        self._came_s: dict[str, float] = {}
        self._work: asyncio.Task[MediaItem | None] | None = None
        self._closing = Closing(self._close)

    @property
    def stats(self) -> SourceStats:
        """State and counts now; a packet is an item of media."""
        now_s = time.monotonic()
        streams = {
            kind: StreamStats(packets=count, frames=count, silent_s=now_s - self._came_s[kind])
            for kind, count in self._counts.items()
        }
        state = "new" if self._work is None else "connected"
        return SourceStats("closed" if self.closed.is_set() else state, True, streams)

    @property
    def mark(self) -> Mark | None:
        """Where its media stands; None before any came, here or where it carries on."""
        return self._delivery.mark(self._origin_s)

    def carry_on(self, mark: Mark) -> None:
        """Go on where another source of the same call stopped; before any media."""
        self._origin_s = self._delivery.carry_on(mark)

    async def start(self) -> str:
        """Open the recording, then play it from the next turn of the event loop on.

        Raises:
            MediaError: it cannot be opened, is empty, or was started or closed already.
        """
        if self._work is not None or self.closed.is_set():
            raise MediaError("This recording was played already. Make another source of it.")
        self._work = asyncio.create_task(self._read())
        try:
            if (first := await asyncio.shield(self._work)) is None:
                raise MediaError("There is nothing in this recording. Give one with media.")
            if self.closed.is_set():
                raise MediaError("This recording was closed before it could be played.")
        except BaseException:
            await self.close()
            raise
        self._work = asyncio.create_task(self._play(first))
        return ""

    def silence(self) -> None:
        """Put nothing more into the inbox, from now on; `close` still has to be awaited."""
        self._delivery.close()

    async def close(self) -> None:
        """Stop playing and let go of the recording. Idempotent."""
        await self._closing()

    async def _close(self) -> None:
        self.silence()
        self.closed.set()
        if self._work is not None:
            await asyncio.wait({self._work})
        if (release := getattr(self._items, "close", None)) is not None:
            await asyncio.to_thread(release)

    async def _read(self) -> MediaItem | None:
        return await asyncio.to_thread(self._next)

    def _next(self) -> MediaItem | None:
        if self._items is None:
            self._items = iter(self._media)
        return next(self._items, None)

    async def _play(self, item: MediaItem | None) -> None:
        start_s = time.monotonic()
        if self._origin_s is None:
            self._origin_s = start_s
        shift_s = start_s - self._origin_s
        try:
            while item is not None:
                await self._wait_until(start_s + item.end_s)
                if self.closed.is_set():
                    return
                self._take(item.shifted(shift_s))
                item = await self._read()
        except MediaError as error:
            _logger.warning("a recording broke off (%s): what came before was played", error.code)
        except Exception:
            _logger.exception("a recording could not be played on; its source ends")
        finally:
            self.closed.set()

    async def _wait_until(self, at_s: float) -> None:
        if self._paced and (wait_s := at_s - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.closed.wait(), wait_s)

    def _take(self, item: MediaItem) -> None:
        self._delivery.begin(item.start_s)
        if not isinstance(item, MediaGap):
            now_s = self._came_s[item.kind] = time.monotonic()
            self._counts[item.kind] += 1
            item = replace(item, arrived_s=now_s if self._paced else None)
        self._delivery.give([item])
