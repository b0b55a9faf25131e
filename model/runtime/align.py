"""Bring faces into the position that the face tower wants; one definition for all."""

from __future__ import annotations

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
    z = source[:, 0].astype(np.float64) + 1j * source[:, 1]
    w = target[:, 0].astype(np.float64) + 1j * target[:, 1]
    centred = z - z.mean()
    a = np.vdot(centred, w - w.mean()) / np.vdot(centred, centred).real
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def align(
    image: NDArray[np.uint8],
    landmarks: NDArray[np.floating],
    *,
    side_px: int = CROP_SIDE_PX,
) -> NDArray[np.uint8]:
    """Cut out one face, upright and with its features in the places of the template.

    A face much larger than the result is averaged down first: sampling it at single points would
    alias.

    Args:
        image: uint8, shape (height, width, 3), channels in any order.
        landmarks: shape (5, 2), pixels of ``image``, in the template's order.
        side_px: of the result; beyond 112 it shows more around the same crop.

    Returns:
        uint8, shape (side_px, side_px, 3), channels as they were; black where it reaches beyond
        the image.
    """
    target = template(side_px)
    transform = similarity(landmarks, target)
    times = int(1 / max(np.hypot(transform[0, 0], transform[1, 0]), 1e-3))
    if times > 1:
        height, width = image.shape[:2]
        size = (max(1, width // times), max(1, height // times))
        # Pixel centres lie at whole numbers, hence the shift by half a pixel on either side.
        ratio = np.array([size[0] / width, size[1] / height])
        transform = similarity((landmarks + 0.5) * ratio - 0.5, target)
        image = shrink(image, size)
    side = (side_px, side_px)
    return np.asarray(cv2.warpAffine(image, transform, side, flags=cv2.INTER_LINEAR), np.uint8)


def shrink(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Scale a picture down to (width, height), averaging."""
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
