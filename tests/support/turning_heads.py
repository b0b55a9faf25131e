"""Heads that turn, made of numbers and of drawings: five points in space, and faces on a depth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from stream_verifier.events.schema import Turn

RATE_HZ = 15.0

# Right eye, left eye, nose, right and left mouth corner, in centimetres: across, down, out.
_FACE = np.array(
    [[-3.2, 0, 0], [3.2, 0, 0], [0, 3.2, 2.3], [-2.5, 6.4, 0.2], [2.5, 6.4, 0.2]], np.float64
)
_FLAT = _FACE * (1, 1, 0)
_AWAY_CM, _FOCUS_PX = 60.0, 700.0


def seen(yaw_deg: float, *, flat: bool = False, away_cm: float = _AWAY_CM) -> NDArray[np.float64]:
    """Landmarks of a face that is turned to its left by so much; shape (5, 2), pixels."""
    points = _FLAT if flat else _FACE
    yaw = math.radians(yaw_deg)
    across = points[:, 0] * math.cos(yaw) + points[:, 2] * math.sin(yaw)
    out = points[:, 2] * math.cos(yaw) - points[:, 0] * math.sin(yaw)
    scale = _FOCUS_PX / (away_cm - out)
    return np.stack([320 + across * scale, 200 + points[:, 1] * scale], axis=1)


def path(
    turns: Sequence[Turn], *, reach_deg: float = 45.0, rest_s: float = 0.6, turn_s: float = 0.5
) -> Iterator[float]:
    """Angles, 15 a second: at rest, then each turn out and back, and at rest."""

    def rest() -> list[float]:
        return [0.0] * round(rest_s * RATE_HZ)

    yield from rest()
    for turn in turns:
        sign = 1 if turn == "left" else -1
        steps = round(turn_s * RATE_HZ)
        out = [math.sin(math.pi / 2 * (step + 1) / steps) for step in range(steps)]
        yield from (sign * reach_deg * share for share in [*out, *out[-2::-1], 0.0])
        yield from rest()
