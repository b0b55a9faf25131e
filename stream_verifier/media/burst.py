"""Pictures in quick succession for a few seconds, where somebody has to see a face move."""

from __future__ import annotations

import math

_RATE_HZ = 15.0
"""Of pictures, on average: what a slow camera gives suffices, and each one costs its decoding,
a search for the face and a reading of the lips."""
_EARLY_S = 5e-3
"""A picture this little before its time counts: cameras and clocks jitter."""


class BurstWish:
    """Asked for by who scores, granted by who decodes; from any thread, one each.

    A wish counts from the next picture on: both sides need not agree on what time it is.
    """

    def __init__(self) -> None:
        self._asked_s = 0.0
        self._firm = self._given_up = False
        self._until_s = self._due_s = -math.inf

    def ask(self, length_s: float, *, firm: bool = False) -> None:
        """Want pictures for so many seconds of media; a burst under way is prolonged to that.

        Args:
            length_s: of the burst.
            firm: it is not given up, however little time there is.
        """
        self._firm = firm
        self._asked_s = max(self._asked_s, length_s)

    def give_up(self) -> bool:
        """Want no more of the burst under way, as there is no time to look at it.

        Returns:
            Whether it was given up; a firm one goes on.
        """
        if self._firm:
            return False
        self._asked_s = 0.0
        self._given_up = True
        return True

    def grants(self, time_s: float) -> bool:
        """Whether the picture at this media time belongs to a burst; in order of time."""
        if self._given_up:
            self._given_up, self._until_s = False, -math.inf
        asked_s, self._asked_s = self._asked_s, 0.0
        if asked_s > 0:
            self._until_s = max(self._until_s, time_s + asked_s)
        if time_s >= self._until_s or time_s < self._due_s - _EARLY_S:
            return False
        # The next is due from when this one was, so that 25 a second give 15 and not 12.
        self._due_s = max(self._due_s + 1 / _RATE_HZ, time_s + 0.5 / _RATE_HZ)
        return True
