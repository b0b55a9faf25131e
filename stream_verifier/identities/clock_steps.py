"""Notices that the wall clock was set, as by NTP after a start or by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime


class ClockSteps:
    """Holds the wall clock against one that nobody sets.

    Args:
        now: gives an aware time.
        now_s: a clock that never goes back.
    """

    def __init__(
        self, now: Callable[[], datetime], *, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        self._now_s = now_s
        self._seen = now(), now_s()

    def since_last_s(self) -> float:
        """By how many seconds it was set since this was asked last; below 0: back."""
        (then, then_s), self._seen = self._seen, (self._now(), self._now_s())
        now, now_s = self._seen
        return (now - then).total_seconds() - (now_s - then_s)
