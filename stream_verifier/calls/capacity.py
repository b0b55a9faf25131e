"""How many calls fit on this machine: what one costs, corrected all the time; pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

_LEAST_SHARE = 0.5
"""Of the cost tried out first: calls that send nothing make no room for those that do."""
_LOOP_SHARE, _OTHER_SHARE = 0.5, 0.35
"""What the event loop, and threads that decode, cost beside the worker, as measured once."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of each thing that can run out.

    Attributes:
        worker_s: of the inference workers, wall time: what it would take to score every window.
        loop_s: of the event loop's thread, processor time.
        process_s: of all threads, processor time.
    """

    worker_s: float = 0.0
    loop_s: float = 0.0
    process_s: float = 0.0

    @classmethod
    def expected(cls, worker_s: float) -> Usage:
        """What a call is taken to use whose worker's part is known."""
        loop_s, other_s = _LOOP_SHARE * worker_s, _OTHER_SHARE * worker_s
        return cls(worker_s, loop_s, worker_s + loop_s + other_s)

    @classmethod
    def limit(cls, cpus: float, workers: int = 1) -> Usage:
        """What may be used in a second, with room for what comes at once."""
        return cls(worker_s=0.85 * workers, loop_s=0.75, process_s=0.85 * cpus)

    def plus(self, other: Usage) -> Usage:
        """The sum."""
        return Usage(
            self.worker_s + other.worker_s,
            self.loop_s + other.loop_s,
            self.process_s + other.process_s,
        )

    def scaled(self, factor: float) -> Usage:
        """So many times as much."""
        return Usage(self.worker_s * factor, self.loop_s * factor, self.process_s * factor)


class Capacity:
    """A running estimate of what a call costs, and of how many there is room for.

    Args:
        expected: for a second of one call, before any was measured.
        limit: for a second, of all calls.
        trust_s: seconds of calls that the expectation counts for.
        memory_s: mean life of what was measured, in seconds of calls.
    """

    def __init__(
        self, *, expected: Usage, limit: Usage, trust_s: float = 30.0, memory_s: float = 300.0
    ) -> None:
        self._expected, self._limit, self._memory_s = expected, limit, memory_s
        self._used, self._call_s = expected.scaled(trust_s), trust_s
        self._behind = False

    @property
    def cost(self) -> Usage:
        """For a second of one call."""
        found, least = self._used.scaled(1 / self._call_s), self._expected.scaled(_LEAST_SHARE)
        return Usage(
            max(found.worker_s, least.worker_s),
            max(found.loop_s, least.loop_s),
            max(found.process_s, least.process_s),
        )

    @property
    def most_calls(self) -> int:
        """So many fit, whatever they are doing now; one always does."""
        cost, limit = self.cost, self._limit
        pairs = (
            (limit.worker_s, cost.worker_s),
            (limit.loop_s, cost.loop_s),
            (limit.process_s, cost.process_s),
        )
        return max(1, math.floor(min(there / each for there, each in pairs if each > 0)))

    def room(self, calls: int) -> int:
        """How many more fit beside those; none while the worker is behind."""
        return 0 if self._behind and calls else max(0, self.most_calls - calls)

    def note(self, used: Usage, *, call_s: float, behind: bool) -> None:
        """Take a measurement in.

        Args:
            used: by all calls together.
            call_s: seconds of calls in which it was used: calls times seconds.
            behind: whether anything was left out for want of time.
        """
        self._behind = behind
        if call_s > 0:
            kept = math.exp(-call_s / self._memory_s)
            self._used = self._used.scaled(kept).plus(used)
            self._call_s = kept * self._call_s + call_s
