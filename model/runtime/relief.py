"""Does a face stand out? Its points after a turn, against a plane's and against a solid head's.

All points of a picture that is flat follow one homography, whichever way it is held, and those of
a head that turns do not: they follow a rotation of what it looked like at rest. Both are fitted to
the same points, and what they leave is compared (geometric model selection, as in Torr 1998,
https://doi.org/10.1098/rsta.1998.0224). A mesh believes in depth whatever it is shown; so depth is
taken from the face at rest, and the turn must bear it out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.errors import ModelError

LEAST_YAW_DEG = 28.0
MOST_LEFT = 0.5
"""Of what a plane leaves a solid head leaves about a third, a photograph about as much again."""

_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Relief:
    """What two explanations of a turn leave.

    Attributes:
        yaw_deg: how far the solid head is turned from rest, above 0 to its left.
        plane: what a homography leaves, root mean square, in parts of the face's size.
        solid: what a rotation leaves.
    """

    yaw_deg: float
    plane: float
    solid: float

    @property
    def stands_out(self) -> bool:
        """Whether it is turned far enough to tell, and turned as a head is."""
        return abs(self.yaw_deg) >= LEAST_YAW_DEG and self.solid <= MOST_LEFT * self.plane


def relief(rest: NDArray[np.floating], now: NDArray[np.floating]) -> Relief | None:
    """Compare a face with what it was at rest.

    Args:
        rest: shape (n, 3), as ``FaceMesh.locate`` gives points.
        now: shape (n, 3), the same points later; how far they stand out is not asked.

    Returns:
        None where the points lie on one line.

    Raises:
        ModelError: the shapes differ.
    """
    if rest.shape != now.shape or rest.ndim != 2 or rest.shape[1] != 3:
        raise ModelError(f"points must be (n, 3), not {rest.shape} and {now.shape}")
    solid_of, seen = np.asarray(rest, np.float64), np.asarray(now[:, :2], np.float64)
    size = math.sqrt(float(np.square(seen - seen.mean(axis=0)).sum(axis=1).mean()))
    plane = cv2.findHomography(solid_of[:, :2], seen, 0)[0]
    if plane is None or size < _TINY:
        return None
    flat = cv2.perspectiveTransform(solid_of[None, :, :2], plane)[0]
    turned, yaw_deg = _rotated(solid_of - solid_of.mean(axis=0), seen - seen.mean(axis=0))
    return Relief(
        yaw_deg=yaw_deg,
        plane=_rms(flat - seen) / size,
        solid=_rms(turned - (seen - seen.mean(axis=0))) / size,
    )


def _rotated(
    solid: NDArray[np.float64], seen: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Turn points in space so that they fit those seen, from afar; and by how much to the left."""
    across_down = np.linalg.lstsq(solid, seen, rcond=None)[0].T
    left, _, right = np.linalg.svd(across_down, full_matrices=False)
    rows = left @ right
    turned = solid @ rows.T
    scale = float((turned * seen).sum()) / max(float(np.square(turned).sum()), _TINY)
    out = np.cross(rows[0], rows[1])
    return turned * scale, math.degrees(math.atan2(rows[0, 2], out[2]))


def _rms(left: NDArray[np.floating]) -> float:
    return math.sqrt(float(np.square(left).sum(axis=1).mean()))
