"""What was said of a call, to be asked about; pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from stream_verifier.events.schema import Reason, State
from stream_verifier.verify.decision import Verdict

Timeline = Sequence[tuple[float, Verdict]]
"""Media time at which each verdict was known, in order, and the verdict."""


class VerdictHistory:
    """A timeline to ask questions of.

    Args:
        timeline: a verdict is in force until the next one; before the first it is ``waiting``.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._times = [at_s for at_s, _ in timeline]
        self._verdicts = [verdict for _, verdict in timeline]

    def state(self, at_s: float) -> State:
        """In force at that time."""
        known = bisect_right(self._times, at_s)
        return self._verdicts[known - 1].state if known else State.WAITING

    def since(self, start_s: float, end_s: float) -> Iterator[tuple[float, Verdict]]:
        """Verdicts given from the first time to the second."""
        for at_s, verdict in zip(self._times, self._verdicts, strict=True):
            if start_s <= at_s <= end_s:
                yield at_s, verdict

    def first(self, state: State, start_s: float) -> float | None:
        """When that state was first told from a time on."""
        told = self.since(start_s, float("inf"))
        return next((at_s for at_s, verdict in told if verdict.state is state), None)

    def left_s(self, state: State, start_s: float) -> float | None:
        """The first time from a time on at which that state is not in force."""
        if self.state(start_s) is not state:
            return start_s
        told = self.since(start_s, float("inf"))
        return next((at_s for at_s, verdict in told if verdict.state is not state), None)

    def entries(self, state: State, until_s: float, from_s: float = 0.0) -> int:
        """How often that state was entered from one time to another."""
        before = self._state_before(from_s)
        count = 0
        for _, verdict in self.since(from_s, until_s):
            count += verdict.state is state and before is not state
            before = verdict.state
        return count

    def _state_before(self, at_s: float) -> State:
        known = bisect_left(self._times, at_s)
        return self._verdicts[known - 1].state if known else State.WAITING

    def ever(self, state: State, start_s: float, end_s: float) -> bool:
        """Whether that state was in force at some time of a stretch."""
        told = self.since(start_s, end_s)
        return self.state(start_s) is state or any(verdict.state is state for _, verdict in told)

    def named(self, states: frozenset[State], start_s: float, end_s: float) -> frozenset[Reason]:
        """All reasons that verdicts of these states gave in a stretch."""
        told = self.since(start_s, end_s)
        return frozenset(
            r for _, verdict in told if verdict.state in states for r in verdict.reasons
        )
