"""Measures what calls use while they run, and keeps the estimate of how many fit."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from stream_verifier.calls.capacity import Capacity, Usage
from stream_verifier.verify.load import Load

EVERY_S = 2.0
_MOST_SKIPPED, _MOST_LATE = 0.02, 0.1
_REMEMBERED = 5
_SETTLED = 3
"""Samples: a call that was just opened sends nothing yet, and would make all seem cheap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What had been used at one moment since the start.

    Attributes:
        at_s: monotonic.
        calls: that ran.
        load: of the worker.
        loop_s: processor time of the event loop's thread.
        process_s: of all threads.
    """

    at_s: float
    calls: int
    load: Load
    loop_s: float
    process_s: float


_NOTHING = Sample(at_s=0.0, calls=0, load=Load(), loop_s=0.0, process_s=0.0)


class Gauge:
    """Compares samples, one every few seconds.

    Args:
        capacity: learns from them; None where nobody asks it.
        calls: gives how many run.
        load: gives what the worker did.
    """

    def __init__(
        self, capacity: Capacity | None, *, calls: Callable[[], int], load: Callable[[], Load]
    ) -> None:
        self._capacity = capacity
        self._calls, self._load = calls, load
        self._samples: deque[Sample] = deque(maxlen=_REMEMBERED)

    @property
    def newest(self) -> Sample | None:
        """The newest sample."""
        return self._samples[-1] if self._samples else None

    @property
    def load(self) -> Load:
        """What the worker did by now."""
        return self._load()

    @property
    def behind(self) -> bool:
        """Whether windows went unscored of late for want of time."""
        first, last = self._first_and_last()
        skipped = last.skipped - first.skipped
        return skipped > _MOST_SKIPPED * (skipped + last.scored - first.scored)

    @property
    def sparing(self) -> bool:
        """Whether media was heard so late that pictures are spared, so that calls seem cheap."""
        first, last = self._first_and_last()
        return last.late - first.late > _MOST_LATE * (last.heard - first.heard)

    def _first_and_last(self) -> tuple[Load, Load]:
        samples = self._samples or (_NOTHING,)
        return samples[0].load, samples[-1].load

    async def run(self) -> None:
        """Sample until cancelled, on the event loop whose time it measures."""
        while True:
            self.take(
                Sample(
                    at_s=time.monotonic(),
                    calls=self._calls(),
                    load=self._load(),
                    loop_s=time.thread_time(),
                    process_s=time.process_time(),
                )
            )
            await asyncio.sleep(EVERY_S)

    def take(self, sample: Sample) -> None:
        """Take one sample in."""
        before = self._samples[-1] if self._samples else sample
        self._samples.append(sample)
        settled = min(one.calls for one in list(self._samples)[-_SETTLED:])
        wanted_s = sample.load.demand_s - before.load.demand_s
        had_s = sample.load.worked_s - before.load.worked_s
        used = Usage(
            worker_s=wanted_s,
            loop_s=sample.loop_s - before.loop_s,
            process_s=sample.process_s - before.process_s + wanted_s - had_s,
        )
        call_s = settled * (sample.at_s - before.at_s)
        if self._capacity is not None:
            self._capacity.note(used, call_s=call_s, behind=self.behind or self.sparing)
