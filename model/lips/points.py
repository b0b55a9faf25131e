"""Points of the lips and the chin in MediaPipe's face mesh of 468, and their mirror images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_RIGHT = (
    *(61, 146, 91, 181, 84, 185, 40, 39, 37),  # outer edge
    *(78, 95, 88, 178, 87, 191, 80, 81, 82),  # inner edge
    148,  # chin
)
_LEFT = (
    *(291, 375, 321, 405, 314, 409, 270, 269, 267),
    *(308, 324, 318, 402, 317, 415, 310, 311, 312),
    377,
)
_MIDDLE = (17, 0, 14, 13, 152)

POINTS = (*_RIGHT, *_LEFT, *_MIDDLE)
"""Numbers of the points in the mesh, in the order that everything here keeps them in."""
COUNT = len(POINTS)

_HALF = len(_RIGHT)
MIRRORED: NDArray[np.intp] = np.array(
    [*range(_HALF, 2 * _HALF), *range(_HALF), *range(2 * _HALF, COUNT)]
)
"""Which point stands where each one stood, once the picture is mirrored."""

UPPER_LIP, LOWER_LIP = POINTS.index(13), POINTS.index(14)


def opening(points: NDArray[np.floating]) -> NDArray[np.floating]:
    """How far the inner edges of the lips are apart; shape (..., points, 2) to (...)."""
    return np.asarray(points[..., LOWER_LIP, 1] - points[..., UPPER_LIP, 1])
