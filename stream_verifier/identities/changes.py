"""Tells whoever asked that somebody was deleted or replaced, by this process or another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Literal

from stream_verifier.identities.ledger import Ledger
from stream_verifier.identities.shards import Entry, differing
from stream_verifier.identities.store import Change, OnChange

_logger = logging.getLogger(__name__)


class ChangeWatch:
    """Compares each ledger that the store reads with the one before it.

    A call's reference was read under some ledger, so that whatever became of it later is a
    difference from that one: nothing falls between reading a reference and watching.

    Args:
        read: reads the ledger and hands it to :meth:`look`; never blocks the event loop.
        poll_s: seconds between two looks for what other processes did.
    """

    def __init__(self, read: Callable[[], Awaitable[object]], *, poll_s: float) -> None:
        self._read = read
        self._poll_s = poll_s
        self._observers: dict[object, OnChange] = {}
        self._last: Ledger | None = None
        self._polling: asyncio.Task[None] | None = None

    def watch(self, on_change: OnChange) -> Callable[[], None]:
        """See ``IdentityStore.watch``."""
        key = object()
        self._observers[key] = on_change
        if self._polling is None:
            self._polling = asyncio.get_running_loop().create_task(self._poll())

        def stop() -> None:
            self._observers.pop(key, None)

        return stop

    def look(self, ledger: Ledger) -> None:
        """Take in the newest ledger. In order: the caller reads one after the other."""
        last = self._last
        if ledger is last or ledger.pending is not None:
            return
        self._last = ledger
        for change in [] if last is None else _differences(last, ledger):
            self._tell(change)

    async def close(self) -> None:
        """End the watch; nobody is told anything any more."""
        self._observers.clear()
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)

    def _tell(self, change: Change) -> None:
        for on_change in list(self._observers.values()):
            try:
                on_change(change)
            except Exception:  # one who fails must not keep the others from being told
                _logger.exception("an observer of identity %s failed", change.identity_id)

    async def _poll(self) -> None:
        failed = False
        while self._observers:
            try:
                await self._read()
                failed = False
            except Exception as error:  # it must go on: the next look may succeed
                if not failed:
                    _logger.error("cannot tell whom other processes delete: %s", error)
                failed = True
            await asyncio.sleep(self._poll_s)
        self._polling = None


def _differences(last: Ledger, ledger: Ledger) -> list[Change]:
    changes = []
    for before, after in differing(last.live, ledger.live):
        for lookup, entry in before.items():
            now = after.get(lookup)
            if now is None:
                changes.append(Change("deleted", lookup, entry.id, None))
            elif now != entry:
                changes.append(Change(_what(entry, now), lookup, entry.id, now.id))
    return changes


def _what(entry: Entry, now: Entry) -> Literal["renewed", "replaced"]:
    return "renewed" if now.id == entry.id else "replaced"
