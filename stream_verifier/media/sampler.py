"""Which video frames are worth scoring: one per tick of a fixed grid."""

from __future__ import annotations

import math

_EARLY_S = 1e-3
"""A frame this little before a grid point counts as on it: containers round to milliseconds."""


class FrameSampler:
    """Picks the first frame at or after each grid point ``k / rate_hz``.

    The grid is fixed to media time, so a live track and a file of the same call pick the same
    frames. A pause takes its grid points with it: there is no catching up.

    Args:
        rate_hz: grid points per second, above 0.
    """

    def __init__(self, rate_hz: float) -> None:
        if rate_hz <= 0:
            raise ValueError(f"rate_hz must be above 0, not {rate_hz}")
        self._rate_hz = rate_hz
        self._taken = -1

    def wants(self, time_s: float) -> bool:
        """Say whether the frame at ``time_s`` (media seconds) is to be scored, and count it."""
        point = math.floor((time_s + _EARLY_S) * self._rate_hz)
        if point <= self._taken:
            return False
        self._taken = point
        return True
