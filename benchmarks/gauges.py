"""Ways to add up the LLRs of one channel, without a model of who is there."""

from __future__ import annotations

from collections import deque
from typing import Protocol

_LEAST = 1e-6


class Gauge(Protocol):
    """Adds up the LLRs of one channel; above 0 speaks for the enrolled person."""

    def add(self, llr: float) -> None:
        """Take one window's LLR in."""
        ...

    def fade(self, share: float) -> None:
        """Lose this share of what was added up, all of it at 1."""
        ...

    @property
    def value(self) -> float:
        """What is compared with thresholds."""
        ...


class Average:
    """Mean of the last LLRs; of the last one alone it is a threshold on each window.

    Args:
        windows: how many.
    """

    def __init__(self, *, windows: int) -> None:
        self._llrs: deque[float] = deque(maxlen=windows)

    def add(self, llr: float) -> None:
        """Take one window's LLR in; the oldest one falls out."""
        self._llrs.append(llr)

    def fade(self, share: float) -> None:
        """Move what is held towards 0."""
        if share >= 1:
            self._llrs.clear()
        for place in range(len(self._llrs)):
            self._llrs[place] *= 1 - share

    @property
    def value(self) -> float:
        """The mean, 0 of nothing."""
        return sum(self._llrs) / len(self._llrs) if self._llrs else 0.0


class Cusum:
    """Two one-sided CUSUMs (Page 1954) on LLRs.

    Against the person: S = max(0, S - LLR - drift), and an alarm is at -S; for the person
    likewise with the other sign, as long as S is 0.

    Args:
        drift: what every window must exceed to count, in natural logarithms.
    """

    def __init__(self, *, drift: float) -> None:
        self._drift = drift
        self._against = self._for = 0.0

    def add(self, llr: float) -> None:
        """Take one window's LLR in."""
        self._against = max(0.0, self._against - llr - self._drift)
        self._for = 0.0 if self._against else max(0.0, self._for + llr - self._drift)

    def fade(self, share: float) -> None:
        """Scale both sums down."""
        self._against *= 1 - share
        self._for *= 1 - share

    @property
    def value(self) -> float:
        """The sum against the person, negative; the one for the person where there is none."""
        return -self._against if self._against else max(_LEAST, self._for)
