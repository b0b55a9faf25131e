"""A head that turns, and a photograph that is turned or bent, made out of one frontal picture.

Neither is a real head nor a real photograph: the head is the picture's own face mesh, or an egg
with a nose, so that what was hidden stays hidden; the photograph is a plane or a
cylinder.
"""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator

from model.data.align import TEMPLATE
from model.data.pose import MIDDLE, depth_at
from model.runtime.align import similarity

Shape = Literal["head", "flat", "bent"]
Picture = NDArray[np.uint8]

_STEPS = 10
_MOST_FILLS = 80
_EYES = 0.72
"""Distance of the eyes' middles, in that of their outer corners."""
_GRID_PX = 4
_NEAR = 300.0
"""Distance of the camera from a photograph, where eyes are 35 apart: about half a metre, or 30 cm
from a print that is smaller than life."""
_PER_CM = 35 / 6.3


def turned(
    picture: Picture,
    landmarks: NDArray[np.floating],
    yaw_deg: float,
    *,
    shape: Shape = "head",
    radius_cm: float = 16.0,
) -> Picture:
    """Show a picture's face turned.

    Args:
        picture: uint8, shape (height, width, 3).
        landmarks: shape (5, 2), of the face in it.
        yaw_deg: how far, positive to the picture's right, as of a head that turns to its left.
        shape: what it is drawn on.
        radius_cm: of a photograph that is bent, where its face is as large as a face.

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
    yaw = math.radians(yaw_deg)
    if shape == "bent":
        x, y = _of_cylinder(u, v, yaw, radius_cm * _PER_CM)
    else:
        x, y = _of_head(u, v, yaw) if shape == "head" else _of_plane(u, v, yaw)
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
    u: NDArray[np.floating], v: NDArray[np.floating], yaw: float, radius: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    return radius * (np.arcsin(np.clip(u / radius, -0.999, 0.999)) - yaw), v


def turned_mesh(
    picture: Picture,
    points: NDArray[np.floating],
    yaw_deg: float,
    *,
    away: float = 10.0,
) -> Picture:
    """Show a picture's face turned, on its own mesh, what is beside it falling off behind.

    Args:
        picture: uint8, shape (height, width, 3).
        points: shape (468, 3), as ``FaceMesh.locate`` gives them.
        yaw_deg: as `turned` has it.
        away: of the camera, in distances of the eyes: 10 are about 63 cm.

    Returns:
        uint8, of the same shape.
    """
    height, width = picture.shape[:2]
    depth, middle, behind = _depth_of(points, width, height)
    fine = 2
    size = width * fine, height * fine
    down, across = np.mgrid[0 : height * fine, 0 : width * fine] / fine
    out = cv2.resize(depth, size) - behind
    yaw = math.radians(yaw_deg)
    x, z = across - middle[0], out.max()
    seen = (x * math.cos(yaw) + out * math.sin(yaw)).ravel()
    nearness = (out * math.cos(yaw) - x * math.sin(yaw)).ravel()
    camera = away * float(np.linalg.norm(points[263, :2] - points[33, :2])) * _EYES + z
    scale = (camera - z) / (camera - nearness)
    order = np.argsort(nearness)  # what is near covers what is behind
    to_x = np.clip(np.rint(middle[0] + seen * scale), 0, width - 1).astype(int)[order]
    to_y = (middle[1] + (down.ravel() - middle[1]) * scale)[order]
    to_y = np.clip(np.rint(to_y), 0, height - 1).astype(int)
    drawn = np.zeros_like(picture)
    known = np.zeros((height, width), np.uint8)
    drawn[to_y, to_x] = cv2.resize(picture, size).reshape(-1, 3)[order]
    known[to_y, to_x] = 1
    return _without_holes(drawn, known)


def _depth_of(
    points: NDArray[np.floating], width: int, height: int
) -> tuple[NDArray[np.float32], NDArray[np.floating], float]:
    """How far each pixel stands out, the middle of the face, and where the head's axis lies."""
    x, y = np.meshgrid(np.arange(0, width, _GRID_PX), np.arange(0, height, _GRID_PX))
    inside = LinearNDInterpolator(points[:, :2], points[:, 2])(x, y)
    middle = points[:, :2].mean(axis=0)
    half = (points[:, :2].max(axis=0) - points[:, :2].min(axis=0)) / 2
    rim = float(np.percentile(points[:, 2], 3))
    away = np.hypot((x - middle[0]) / half[0], (y - middle[1]) / half[1])
    beside = rim - 0.5 * half[0] * np.clip(away - 0.9, 0.0, 1.5)
    depth = np.where(np.isnan(inside), beside, inside).astype(np.float32)
    smooth = cv2.GaussianBlur(depth, (0, 0), 0.7)
    fine = cv2.resize(smooth, (width, height))
    return np.asarray(fine, np.float32), middle, rim - 0.3 * float(half[0])


def _without_holes(drawn: Picture, known: NDArray[np.uint8]) -> Picture:
    """Fill what nothing was drawn on from what is beside it."""
    for _ in range(_MOST_FILLS):
        if known.all():
            break
        share = cv2.blur(known.astype(np.float32), (5, 5))
        colour = cv2.blur(drawn.astype(np.float32) * known[..., None], (5, 5))
        new = (known == 0) & (share > 0)
        drawn[new] = (colour[new] / share[new][:, None]).astype(np.uint8)
        known[new] = 1
    return drawn
