"""How much of what a window says is new."""

from __future__ import annotations

import math

from stream_verifier.verify.operating import Worth


class Freshness:
    """When one modality was scored last, and how much the next score is worth."""

    def __init__(self, worth: Worth) -> None:
        self._worth = worth
        self.scored_s = -math.inf

    def forget(self) -> None:
        """What comes next follows on nothing."""
        self.scored_s = -math.inf

    def evidence(self, llr: float | None, start_s: float, end_s: float) -> float:
        """What an LLR of media from ``start_s`` to ``end_s`` adds to the log-odds."""
        if llr is None or end_s <= self.scored_s:
            return 0.0
        new_s = end_s - self.scored_s
        follows = start_s < self.scored_s
        factor = min(self._worth.per_s * new_s, self._worth.first) if follows else self._worth.first
        self.scored_s = end_s
        counted = llr if llr >= 0 else min(0.0, llr + self._worth.slack)
        return min(self._worth.limit, max(-self._worth.limit, factor * counted))
