"""When pictures in quick succession are worth what they cost."""

from __future__ import annotations

import math

BURST_S = 3.5
"""Lips are read 3 s at a time, and steadied by a quarter of a second on either side."""
_FOLLOWS_S = BURST_S - 1.0
"""A second sooner than one ends, so that the next follows on it."""
_CALM_EVERY_S = _SPARED_EVERY_S = 20.0
_MOST, _ONE_EVERY_S = 6.0, 10.0
"""Bursts that may follow on each other, and how long it takes until there may be one more."""


class BurstPace:
    """A token bucket: all that is wanted at first, and then no more than a call can be worth.

    Whoever is in doubt for long, by what he shows or by a fault of ours, costs the others no more
    than a third of a call's pictures.
    """

    def __init__(self) -> None:
        self._tokens = _MOST
        self._counted_s: float | None = None
        self._last_s = -math.inf

    def due(self, now_s: float, *, calm: bool, spared: bool = False) -> bool:
        """Whether to ask now, and count it.

        Args:
            now_s: media time.
            calm: the mouth goes with the speech, and nothing hints that this has changed.
            spared: there is more to do than time; what is in doubt waits then, but not for ever.
        """
        every_s = _SPARED_EVERY_S if spared else _CALM_EVERY_S if calm else _FOLLOWS_S
        since_s = 0.0 if self._counted_s is None else max(0.0, now_s - self._counted_s)
        self._counted_s = now_s
        self._tokens = min(_MOST, self._tokens + since_s / _ONE_EVERY_S)
        if self._tokens < 1 or now_s < self._last_s + every_s:
            return False
        self._tokens -= 1
        self._last_s = now_s
        return True
