"""How long to wait before trying again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

_MOST_DOUBLINGS = 30


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubles from try to try; half of it by chance, so that many clients do not come at once.

    Attributes:
        first_s: after the first failure.
        longest_s: never more than this.
        draw: a number from 0 to 1 by chance.
    """

    first_s: float
    longest_s: float
    draw: Callable[[], float] = random.random

    def delay_s(self, failures: int) -> float:
        """Seconds to wait after that many failures in a row, 1 or more."""
        doublings = min(failures - 1, _MOST_DOUBLINGS)
        whole = min(self.longest_s, self.first_s * 2.0**doublings)
        return whole * (1 + self.draw()) / 2
