"""Was it all there before? A loop brings back what a living face and voice never do twice.

Nothing here knows whether it is given points of lips or bands of sound: numbers come in at a steady
pace, 25 times a second as elsewhere.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from numpy.typing import NDArray

from model.errors import ModelError
from model.runtime.mouth import RATE_HZ, STEP_S

Floats = NDArray[np.float64]
_LEAST_LAG = round(RATE_HZ)
"""Steps: a second. What is nearer is like itself."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Something that was there before.

    Attributes:
        lag_s: how long before.
        likeness: -1 to 1; 1 for the very same, 0 for nothing in common.
        motion: root mean square of what moved, in the numbers' unit: where it is no more than
            their noise, likeness says nothing.
    """

    lag_s: float
    likeness: float
    motion: float


class RepeatFinder:
    """Looks for the newest seconds of a series among those before: a loop brings them back.

    No living face moves twice in the same way for two seconds, nor does a voice sound so. What is
    played again does, whatever codec it has gone through in between. Slow drift is taken out of
    both, since all drifts are alike.
    """

    def __init__(self, size: int, *, window_s: float = 2.0, memory_s: float = 60.0) -> None:
        """Start with nothing to remember.

        Args:
            size: numbers a step.
            window_s: how much must come back.
            memory_s: what lies further back is forgotten.
        """
        self._size = size
        self._window = round(window_s * RATE_HZ)
        self._steps: deque[Floats] = deque(maxlen=self._window + round(memory_s * RATE_HZ))
        time = np.linspace(-1, 1, self._window)
        drift = np.stack([np.ones_like(time), time], axis=1)
        self._drift = drift / np.linalg.norm(drift, axis=0)

    def push(self, numbers: NDArray[np.floating]) -> None:
        """Take the next step's numbers, shape (size,).

        Raises:
            ModelError: they are of another size.
        """
        if numbers.shape != (self._size,):
            raise ModelError(f"a step has {self._size} numbers, not {numbers.shape}")
        self._steps.append(numbers.astype(np.float64))

    def forget(self) -> None:
        """Start anew: another track, or media that did not follow on."""
        self._steps.clear()

    def find(self) -> Repeat | None:
        """The stretch before that is most like the newest one; None while there is none."""
        if len(self._steps) < self._window + _LEAST_LAG:
            return None
        history = np.stack(self._steps)
        # Small whole numbers of a large mean lose nothing so.
        history -= history.mean(axis=0)
        newest = history[-self._window :]
        earlier = history[: len(history) - _LEAST_LAG]
        trends = sliding_window_view(earlier, self._window, axis=0) @ self._drift
        trend = newest.T @ self._drift
        own = float((newest**2).sum() - (trend**2).sum())
        squares = sliding_window_view((earlier**2).sum(axis=1), self._window).sum(axis=1)
        theirs = squares - (trends**2).sum(axis=(1, 2))
        common = _diagonals(earlier @ newest.T) - (trends * trend).sum(axis=(1, 2))
        likeness = 2 * common / np.maximum(own + theirs, 1e-12)
        best = int(np.argmax(likeness))
        return Repeat(
            lag_s=(len(history) - self._window - best) * STEP_S,
            likeness=float(likeness[best]),
            motion=float(np.sqrt(max(own, 0.0) / newest.size)),
        )


def _diagonals(products: Floats) -> Floats:
    """Sums along all whole diagonals: shape (n, w) to (n - w + 1,)."""
    count, width = products.shape
    down, right = products.strides
    rows = as_strided(products, (count - width + 1, width), (down, down + right))
    return np.asarray(rows.sum(axis=1))
