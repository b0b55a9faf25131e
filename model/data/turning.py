"""A head that turns, and a photograph that is turned or bent, made out of one frontal picture.

Neither is a real head nor a real photograph: the head is an egg with a nose on which the picture
is drawn, seen from afar, so that what was hidden stays hidden; the photograph is a plane or a
cylinder.
"""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from model.data.align import TEMPLATE
from model.data.pose import MIDDLE, depth_at
from model.runtime.align import similarity

Shape = Literal["head", "flat", "bent"]
Picture = NDArray[np.uint8]

_STEPS = 10
_GRID_PX = 4
_NEAR = 300.0
"""Distance of the camera from a photograph, where eyes are 35 apart: about half a metre, or 30 cm
from a print that is smaller than life."""
_RADIUS = 90.0
"""Of a photograph that is bent as far as a hand holds it: some 16 cm, in the same measure."""


def turned(
    picture: Picture, landmarks: NDArray[np.floating], yaw_deg: float, *, shape: Shape = "head"
) -> Picture:
    """Show a picture's face turned.

    Args:
        picture: uint8, shape (height, width, 3).
        landmarks: shape (5, 2), of the face in it.
        yaw_deg: how far, positive to the picture's right, as of a head that turns to its left.
        shape: what it is drawn on.

    Returns:
        uint8, of the same shape; what lies beyond the picture is as its edge.
    """
    height, width = picture.shape[:2]
    onto = similarity(np.asarray(landmarks, np.float64), TEMPLATE)
    # On a coarse grid: the maps are smooth, and a head takes many steps.
    across, down = np.meshgrid(np.arange(0, width, _GRID_PX), np.arange(0, height, _GRID_PX))
    u, v = (
        row[0] * across + row[1] * down + row[2] - middle
        for row, middle in zip(onto, MIDDLE, strict=True)
    )
    x, y = _SOURCES[shape](u, v, math.radians(yaw_deg))
    back = cv2.invertAffineTransform(onto)
    x, y = x + MIDDLE[0], y + MIDDLE[1]
    from_x, from_y = (
        _fine(np.asarray(row[0] * x + row[1] * y + row[2], np.float32), width, height)
        for row in back
    )
    seen = cv2.remap(picture, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.uint8)


def _fine(coarse: NDArray[np.floating], width: int, height: int) -> NDArray[np.floating]:
    """A map on the grid, at every pixel."""
    x, y = np.meshgrid(
        np.arange(width, dtype=np.float32) / _GRID_PX,
        np.arange(height, dtype=np.float32) / _GRID_PX,
    )
    fine = cv2.remap(coarse, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(fine, np.float32)


def _of_head(
    u: NDArray[np.floating], v: NDArray[np.floating], yaw: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    x = u
    for _ in range(_STEPS):  # which place on the egg does this pixel show
        x = (u - depth_at(x, v) * math.sin(yaw)) / math.cos(yaw)
    return x, v


def _of_plane(
    u: NDArray[np.floating], v: NDArray[np.floating], yaw: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    x = u * _NEAR / np.maximum(_NEAR * math.cos(yaw) - u * math.sin(yaw), 1.0)
    return x, v * (_NEAR + x * math.sin(yaw)) / _NEAR


def _of_cylinder(
    u: NDArray[np.floating], v: NDArray[np.floating], yaw: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    return _RADIUS * (np.arcsin(np.clip(u / _RADIUS, -0.999, 0.999)) - yaw), v


_SOURCES = {"head": _of_head, "flat": _of_plane, "bent": _of_cylinder}
