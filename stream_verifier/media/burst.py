"""Pictures in quick succession for a few seconds, where somebody has to see a face move."""

from __future__ import annotations

import math

_LEAST_APART_S = 0.03
"""Between two of them; at 25 pictures a second and a jittering clock each one counts."""


class BurstWish:
    """Asked for by who scores, granted by who decodes; from any thread, one each.

    A wish counts from the next picture on: both sides need not agree on what time it is.
    """

    def __init__(self) -> None:
        self._asked_s = 0.0
        self._until_s = self._last_s = -math.inf

    def ask(self, length_s: float) -> None:
        """Want pictures for so many seconds of media; a burst under way is prolonged to that."""
        self._asked_s = length_s

    def grants(self, time_s: float) -> bool:
        """Whether the picture at this media time belongs to a burst; in order of time."""
        asked_s, self._asked_s = self._asked_s, 0.0
        if asked_s > 0:
            self._until_s = time_s + asked_s
        if time_s >= self._until_s or time_s - self._last_s < _LEAST_APART_S:
            return False
        self._last_s = time_s
        return True
