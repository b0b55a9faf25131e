"""Follows the streams of the shared log into a worker's copy: one a worker, whoever listens."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from stream_verifier.events.memory.log import MemoryEventLog
from stream_verifier.events.redis.entry import Entry, read_entry
from stream_verifier.fleet.link import Link, reachable

_logger = logging.getLogger(__name__)
_PAGE = 1000
_BLOCK_MS = 1000

_Raw: TypeAlias = "tuple[bytes, Mapping[bytes, bytes]]"


class StreamReader:
    """Reads scores and lasting events in the order of their numbers.

    Args:
        link: to Redis.
        copy: gets them.

    Attributes:
        position: number up to which all was read.
    """

    def __init__(self, link: Link, copy: MemoryEventLog) -> None:
        self.position = 0
        self._link, self._redis = link, link.redis
        self._streams = (link.key("scores"), link.key("lasting"))
        self._copy = copy
        self._live = False

    def begin_anew(self) -> None:
        """Read another log from its beginning."""
        self.position = 0

    async def load(self) -> None:
        """Read all that Redis holds.

        Raises:
            FleetError: it cannot be asked now.
        """
        while await self._page():
            pass
        self._live = True

    async def read_some(self) -> None:
        """Read what is new, or wait for a while until there is something.

        Raises:
            FleetError: it cannot be asked now.
        """
        if await self._page():
            return
        # What wakes a reader of two streams is told of one of them, so that both are read after it.
        with reachable():
            await self._redis.xread(self._positions(), count=1, block=_BLOCK_MS)
        await self._page()

    def _positions(self) -> Any:
        return dict.fromkeys(self._streams, f"{self.position}-0")

    async def _page(self) -> bool:
        """Read a page of both streams; return whether there was anything."""
        with reachable():
            found: Any = await self._redis.xread(self._positions(), count=_PAGE)
        pages: list[list[_Raw]] = [entries for _, entries in found]
        # A full page may go on: what the other stream has beyond its end waits for the next.
        ends = [_number(page[-1]) for page in pages if len(page) == _PAGE]
        raw = sorted((entry for page in pages for entry in page), key=_number)
        self._take(entry for entry in raw if not ends or _number(entry) <= min(ends))
        return bool(raw)

    def _take(self, entries: Iterable[_Raw]) -> None:
        for raw in entries:
            number = _number(raw)
            try:
                self._keep(read_entry(*raw))
            except (ValueError, KeyError):
                _logger.exception("entry %d of the event log cannot be read", number)
                self._copy.skip(number, told=self._live)
            self.position = number

    def _keep(self, entry: Entry) -> None:
        if entry.before > max(self.position, self._copy.cursor):
            self._copy.skip(entry.before, told=self._live)
        age_s = max(0.0, self._link.now_s - entry.at_s - 1)
        if entry.envelope is not None:
            self._copy.keep(entry.envelope, age_s=age_s)
        elif entry.ends is not None:
            self._copy.keep_end(entry.ends, entry.cursor, age_s=age_s)


def _number(raw: _Raw) -> int:
    return int(raw[0].partition(b"-")[0])
