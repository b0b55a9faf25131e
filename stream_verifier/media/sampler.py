"""Which video frames are looked at: one an interval, at a time that nobody can know."""

from __future__ import annotations

import math
import random

_EARLY_S = 1e-3
"""A frame this little before its time counts: containers round to milliseconds."""
_MOST_EARLY = 0.5
"""Intervals by which a look may come sooner than two after the last, where looks are spared."""


class FrameSampler:
    """Picks one frame an interval of ``1 / rate_hz``.

    On a grid it is the first frame of each interval, so that a file gives the same frames each
    time. By chance it is the first one after a moment drawn anew in each interval (stratified
    sampling): a sender does not know which of his frames are looked at, and two looks are never
    two intervals apart. A pause takes its intervals with it: there is no catching up.

    Where there is no time for more, the next look by chance comes one and a half to two intervals
    after the last: little more than half as many, and still never further apart.

    Args:
        rate_hz: intervals per second of media, above 0.
        chance: where the moments come from; None for the grid.
    """

    def __init__(self, rate_hz: float, chance: random.Random | None = None) -> None:
        if rate_hz <= 0:
            raise ValueError(f"rate_hz must be above 0, not {rate_hz}")
        self._rate_hz = rate_hz
        self._chance = chance
        self._interval: int | None = None
        self._moment = -math.inf

    def wants(self, time_s: float, *, sparing: bool = False) -> bool:
        """Say whether a frame is to be looked at, and count it.

        Args:
            time_s: its media time.
            sparing: there is no time for more than need be until the next look; by chance alone.
        """
        now = (time_s + _EARLY_S) * self._rate_hz
        if now < self._moment:
            return False
        if sparing and self._chance is not None:
            self._moment = now + 2 - _MOST_EARLY * self._chance.random()
            self._interval = math.floor(self._moment)
            return True
        interval = math.floor(now)
        late = self._interval is not None and interval == self._interval + 1
        # Where the last moment of an interval had no frame after it, the next one has its own too.
        self._draw(interval if late and self._chance is not None else interval + 1)
        return True

    def _draw(self, interval: int) -> None:
        self._interval = interval
        self._moment = interval + (0.0 if self._chance is None else self._chance.random())
