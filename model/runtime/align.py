"""Bring faces into the position that the face tower wants; one definition for all."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

CROP_SIDE_PX = 112
"""Side of the face tower's input."""

TEMPLATE: NDArray[np.float64] = np.array(
    [
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    ]
)
"""Where the landmarks lie in a crop of 112 pixels: right eye, left eye, nose, right and left mouth
corner (ArcFace, Deng et al. 2019)."""


def template(side_px: int) -> NDArray[np.float64]:
    """``TEMPLATE`` in a larger picture that shows the crop in its middle, shape (5, 2)."""
    return TEMPLATE + (side_px - CROP_SIDE_PX) / 2


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """Least-squares rotation, scale and shift from one set of points to another.

    The plane's case of Umeyama (1991): with points as complex numbers the transform is a z + b,
    which cannot mirror, and the best a is a quotient of two sums.

    Args:
        source: shape (n, 2), not all points equal.
        target: shape (n, 2).

    Returns:
        Shape (2, 3), to be applied to columns (x, y, 1).
    """
    z = [complex(x, y) for x, y in source.tolist()]  # arrays cost more for so few points
    w = [complex(x, y) for x, y in target.tolist()]
    z_mean, w_mean = sum(z) / len(z), sum(w) / len(w)
    centred = [point - z_mean for point in z]
    spread = sum(abs(point) ** 2 for point in centred)
    both = zip(centred, w, strict=True)
    a = sum(point.conjugate() * (aim - w_mean) for point, aim in both) / spread
    b = w_mean - a * z_mean
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def align(
    image: NDArray[np.uint8],
    landmarks: NDArray[np.floating],
    *,
    side_px: int = CROP_SIDE_PX,
    corner: tuple[float, float] | None = None,
) -> NDArray[np.uint8]:
    """Cut out one face, upright and with its features in the places of the template.

    A face much larger than the result is averaged down first: sampling it at single points would
    alias.

    Args:
        image: uint8, shape (height, width, 3), channels in any order, or (height, width), grey.
        landmarks: shape (5, 2), pixels of ``image``, in the template's order.
        side_px: of the result; beyond 112 it shows more around the same crop.
        corner: x, y of the result's upper left in the crop of 112 pixels, to cut out a part of it;
            by default that crop lies in the middle.

    Returns:
        uint8, shape (side_px, side_px, 3) or (side_px, side_px), channels as they were; black
        where it reaches beyond the image.
    """
    target = template(side_px) if corner is None else TEMPLATE - corner
    transform = similarity(landmarks, target)
    times = int(1 / max(math.hypot(transform[0, 0], transform[1, 0]), 1e-3))
    if times > 1:
        image, left, top = _shrunk_around(image, transform, side_px, times)
        # Pixel centres lie at whole numbers, hence the shift by half a pixel on either side.
        moved = (landmarks - (left, top) + 0.5) / times - 0.5
        transform = similarity(moved, target)
    side = (side_px, side_px)
    return np.asarray(cv2.warpAffine(image, transform, side, flags=cv2.INTER_LINEAR), np.uint8)


def _shrunk_around(
    image: NDArray[np.uint8], transform: NDArray[np.float64], side_px: int, times: int
) -> tuple[NDArray[np.uint8], int, int]:
    """The part of a picture that a crop is cut from, ``times`` smaller, and its left and top.

    Blocks of ``times`` pixels are counted from the picture's corner, so that the part is what
    shrinking all of the picture would give there.
    """
    height, width = image.shape[:2]
    corners = np.array([(0, 0), (side_px, 0), (0, side_px), (side_px, side_px)], np.float64)
    back = cv2.invertAffineTransform(transform)
    there = corners @ back[:, :2].T + back[:, 2]
    low, high = there.min(axis=0) - times, there.max(axis=0) + 2 * times
    first_x, last_x = _blocks(low[0], high[0], width, times)
    first_y, last_y = _blocks(low[1], high[1], height, times)
    left, top = first_x * times, first_y * times
    part = image[top : last_y * times, left : last_x * times]
    if not part.size:
        return image[:1, :1], 0, 0
    size = (last_x - first_x, last_y - first_y)
    missing_x, missing_y = size[0] * times - part.shape[1], size[1] * times - part.shape[0]
    if missing_x or missing_y:
        edges = (0, missing_y, 0, missing_x)
        part = np.asarray(cv2.copyMakeBorder(part, *edges, cv2.BORDER_REPLICATE), np.uint8)
    return shrink(part, size), left, top


def _blocks(start: float, end: float, length: int, times: int) -> tuple[int, int]:
    """The blocks of a side of the picture that a stretch of it touches: the first, and past."""
    count = -(-length // times)
    return max(0, min(count, int(start // times))), max(0, min(count, int(-(-end // times))))


def shrink(
    image: NDArray[np.uint8], size: tuple[int, int], *, out: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Scale a picture down to (width, height), averaging; into ``out`` where given."""
    return np.asarray(cv2.resize(image, size, out, interpolation=cv2.INTER_AREA), np.uint8)
