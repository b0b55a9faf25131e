"""Brings into the trail what cannot be refused any more: ends of calls, and refusals.

What somebody asks for is written before it is done, and refused if that fails. A call that ended
and a token that was turned away are facts: they are owed to the trail until it takes them, and no
call begins before. Refusals of one kind are counted, so that nobody fills the disk with them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from stream_verifier.audit.deed import Actor, Deed, Kind
from stream_verifier.audit.trail import AuditTrail
from stream_verifier.errors import StoreError

_Key: TypeAlias = "tuple[Kind, Actor, str | None, str]"

EVERY_S = 60.0
"""So often at most there is an entry for what happens again and again."""
MOST_KINDS = 200
"""Kept apart at once; whatever else is told as one."""
_LOOK_EVERY_S = 1.0
_OTHERS = Actor("several", "several")

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Count:
    """What happened again and again.

    Attributes:
        deed: the first of it.
        times: how often since the last entry.
        due_s: when the next entry may be written.
    """

    deed: Deed
    times: int
    due_s: float


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is written at once.

    Attributes:
        deeds: the first `owed` of them are owed, the others tell counts.
        owed: how many.
        told: the counts, and how often each is told to have happened.
    """

    deeds: tuple[Deed, ...]
    owed: int
    told: list[tuple[_Count, int]]


class Journal:
    """Used from one event loop; holds no more than the calls that ended and `MOST_KINDS` counts.

    Args:
        trail: where to.
        now_s: a clock that never goes back.

    Attributes:
        failing: whether the trail did not take what it was owed last, and no call begins.
    """

    def __init__(self, trail: AuditTrail, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._trail = trail
        self._now_s = now_s
        self._owed: deque[Deed] = deque()
        self._counts: dict[_Key, _Count] = {}
        self._writing = asyncio.Lock()
        self._wake = asyncio.Event()
        self.failing = False
        self._batch: _Batch | None = None

    def owe(self, deed: Deed) -> None:
        """Write what has happened, each with an entry of its own."""
        self._owed.append(deed)
        self._wake.set()

    def count(self, deed: Deed, *, now: bool = False) -> None:
        """Write what may happen any number of times: the first at once, then how often it did.

        Args:
            deed: what happened.
            now: whether not to wait with it: to see whether the trail takes anything.
        """
        key = (deed.kind, deed.actor, deed.name, deed.outcome)
        if key not in self._counts and len(self._counts) >= MOST_KINDS:
            deed = Deed(deed.kind, _OTHERS, outcome="several")
            key = (deed.kind, deed.actor, deed.name, deed.outcome)
        count = self._counts.setdefault(key, _Count(deed, 0, self._now_s()))
        count.times += 1
        if now:
            count.due_s = self._now_s()
        self._wake.set()

    async def settle(self) -> None:
        """Write all that is due.

        Raises:
            StoreError: the trail takes nothing; all of it is owed still.
        """
        # To its end, even if whoever asked is cancelled: half a turn would write some of it twice.
        await asyncio.shield(asyncio.ensure_future(self._settle()))

    async def run(self) -> None:
        """Write as things happen; what fails is tried again."""
        while True:
            self._wake.clear()
            try:
                await self.settle()
                if self.failing:
                    _logger.info("the audit trail takes entries again, and calls begin")
                self.failing = False
            except StoreError as error:
                if not self.failing:
                    _logger.error("the audit trail takes nothing, and no call begins: %s", error)
                self.failing = True
            except Exception:  # it must go on: the next time it may succeed
                _logger.exception("the audit trail failed")
            if not self._counts and not self._owed:
                await self._wake.wait()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def close(self) -> None:
        """Write the rest; what the trail does not take now is told by the log."""
        for count in self._counts.values():
            count.due_s = self._now_s()
        try:
            await self.settle()
        except StoreError as error:
            _logger.error("%d audit entries are lost: %s", len(self._owed), error)

    async def _settle(self) -> None:
        async with self._writing:
            while batch := self._batch or self._make():
                # The trail knows by the very deeds what it has already, though its word was lost.
                self._batch = batch
                await self._trail.append(*batch.deeds)
                self._batch = None
                self._note(batch)
            self._forget_the_quiet()

    def _make(self) -> _Batch | None:
        owed = [*self._owed]
        due = self._due()
        deeds = owed + [_told(count) for _, count in due]
        told = [(count, count.times) for _, count in due]
        return _Batch(tuple(deeds), len(owed), told) if deeds else None

    def _note(self, batch: _Batch) -> None:
        for _ in range(batch.owed):
            self._owed.popleft()
        for count, times in batch.told:
            count.times -= times
            count.due_s = self._now_s() + EVERY_S

    def _due(self) -> list[tuple[_Key, _Count]]:
        now_s = self._now_s()
        return [
            (key, count)
            for key, count in self._counts.items()
            if count.times and count.due_s <= now_s
        ]

    def _forget_the_quiet(self) -> None:
        now_s = self._now_s()
        quiet = [key for key, one in self._counts.items() if not one.times and one.due_s <= now_s]
        for key in quiet:
            del self._counts[key]


def _told(count: _Count) -> Deed:
    return replace(count.deed, details={**count.deed.details, "times": count.times})
