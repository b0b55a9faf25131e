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


class KnowingMesh:
    """Finds a face's points where a camera would see them that sees its landmarks so."""

    def __init__(self) -> None:
        rng = np.random.default_rng(7)
        across, down = rng.uniform(-6, 6, 468), rng.uniform(-4, 10, 468)
        bulge = 4.0 - (across / 6) ** 2 * 4.0 - ((down - 3.0) / 7) ** 2 * 2.0
        nose = 2.3 * np.exp(-(across**2 + (down - 3.2) ** 2) / 2)
        self._cloud = np.column_stack([across, down, bulge + nose - 3.5])

    def locate(
        self, image: object, box: object, landmarks: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], float]:
        """The points, in a picture, and how far they stand out; and that there is a face."""
        known = np.column_stack([_FACE, np.ones(5)])
        camera = np.linalg.lstsq(known, landmarks, rcond=None)[0]
        there = np.column_stack([self._cloud, np.ones(468)]) @ camera
        scale = float(np.linalg.norm(camera[1]))
        return np.column_stack([there, self._cloud[:, 2] * scale]), 20.0


def path(turns: Sequence[Turn], *, reach_deg: float = 45.0, turn_s: float = 0.5) -> Iterator[float]:
    """Angles, 15 a second: at rest, then each turn out and back, and at rest."""

    def rest() -> list[float]:
        return [0.0] * round(0.6 * RATE_HZ)

    yield from rest()
    for turn in turns:
        sign = 1 if turn == "left" else -1
        steps = round(turn_s * RATE_HZ)
        out = [math.sin(math.pi / 2 * (step + 1) / steps) for step in range(steps)]
        yield from (sign * reach_deg * share for share in [*out, *out[-2::-1], 0.0])
        yield from rest()
