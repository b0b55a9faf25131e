"""Turned heads and careless alignment, made out of an aligned frontal picture."""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from model.data.align import TEMPLATE
from model.data.media import PICTURE_SIDE_PX, Picture
from model.runtime.align import similarity

Map = NDArray[np.floating]

# A head is an egg around this point of the aligned picture, with a nose; all in pixels.
MIDDLE = _MIDDLE_X, _MIDDLE_Y = 80.0, 88.0
"""Of an aligned picture of 160 pixels; what `depth_at` counts from."""
_HALF_WIDTH, _HALF_HEIGHT, _DEPTH = 52.0, 70.0, 45.0
_NOSE_X, _NOSE_Y = float(TEMPLATE[2, 0]) - _MIDDLE_X, float(TEMPLATE[2, 1]) - _MIDDLE_Y - 2
_NOSE_DEPTH, _NOSE_WIDTH = 12.0, 8.0
_STEPS = 8


def turn(picture: Picture, *, yaw_deg: float, pitch_deg: float = 0.0) -> Picture:
    """Turn a head and align it again, as a detector's landmarks would.

    The face is drawn on an egg-shaped depth map and seen from the side, without perspective. What
    was hidden in the frontal picture stays hidden: good to some 25 degrees.

    Args:
        picture: uint8, shape (160, 160, 3), aligned.
        yaw_deg: to the side, positive to the picture's right.
        pitch_deg: positive is down.

    Returns:
        uint8, shape (160, 160, 3).
    """
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    x, y = _aligned(yaw, pitch)
    seen_x, seen_y = x, y
    for _ in range(_STEPS):  # fixed point of "which place on the egg does this pixel show"
        depth = depth_at(x, y)
        x = (seen_x - depth * math.sin(yaw)) / math.cos(yaw)
        y = (seen_y - depth * math.sin(pitch)) / math.cos(pitch)
    x, y = x + _MIDDLE_X, y + _MIDDLE_Y
    seen = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, dtype=np.uint8)


def misalign(
    picture: Picture, *, shift_px: tuple[float, float], scale: float, rotation_deg: float
) -> Picture:
    """What landmarks that lie a little wrong do: shift, scale and rotate.

    Args:
        picture: uint8, shape (160, 160, 3).
        shift_px: to the right and down.
        scale: above 1 enlarges.
        rotation_deg: anticlockwise.
    """
    middle = PICTURE_SIDE_PX / 2
    transform = cv2.getRotationMatrix2D((middle, middle), rotation_deg, scale)
    transform[:, 2] += np.array(shift_px)
    side = (PICTURE_SIDE_PX, PICTURE_SIDE_PX)
    moved = cv2.warpAffine(picture, transform, side, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.uint8)


def _aligned(yaw: float, pitch: float) -> tuple[Map, Map]:
    """Where each pixel of the picture aligned anew lies in the turned one, from the middle."""
    x, y = (TEMPLATE - (_MIDDLE_X, _MIDDLE_Y)).T
    depth = depth_at(x, y)
    turned = [
        x * math.cos(yaw) + depth * math.sin(yaw),
        y * math.cos(pitch) + depth * math.sin(pitch),
    ]
    back = similarity(np.stack([x, y], axis=1), np.stack(turned, axis=1)).astype(np.float32)
    across, down = _pixels()
    seen_x, seen_y = (row[0] * across + row[1] * down + row[2] for row in back)
    return seen_x, seen_y


def depth_at(x: Map, y: Map) -> Map:
    """Height of the face over the plane through its rim; coordinates from the middle."""
    # Falls off smoothly beyond the egg, so that the background stays in one piece.
    egg = np.exp(-(np.square(x / _HALF_WIDTH) + np.square(y / _HALF_HEIGHT)))
    nose = np.exp((np.square(x - _NOSE_X) + np.square(y - _NOSE_Y)) / (-2 * _NOSE_WIDTH**2))
    return np.asarray(_DEPTH * egg + _NOSE_DEPTH * nose)


@cache
def _pixels() -> tuple[Map, Map]:
    """Coordinates of each pixel from the middle."""
    axis = np.arange(PICTURE_SIDE_PX, dtype=np.float32)
    x, y = np.meshgrid(axis - _MIDDLE_X, axis - _MIDDLE_Y)
    return x, y
