"""Similarity alignment of faces onto the five points of the ArcFace template."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.data.media import PICTURE_SIDE_PX, Picture

TEMPLATE: NDArray[np.float64] = (
    np.array(
        [
            (38.2946, 51.6963),
            (73.5318, 51.5014),
            (56.0252, 71.7366),
            (41.5493, 92.3655),
            (70.7299, 92.2041),
        ]
    )
    + (PICTURE_SIDE_PX - 112) / 2
)
"""Right eye, left eye, nose, right and left mouth corner in an aligned 160x160 picture, whose
``[24:136, 24:136]`` is the crop of ArcFace (Deng et al. 2019)."""


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """Least-squares rotation, scale and shift between points of the plane (Umeyama 1991).

    Args:
        source: shape (n, 2), not all points equal.
        target: shape (n, 2).

    Returns:
        Shape (2, 3), to be applied to columns (x, y, 1).
    """
    z, w = source @ [1, 1j], target @ [1, 1j]
    centred = z - z.mean()
    a = np.vdot(centred, w - w.mean()) / np.vdot(centred, centred).real
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def align(image: Picture, landmarks: NDArray[np.floating]) -> Picture:
    """Cut out one face with its features in the places of ``TEMPLATE``.

    Args:
        image: uint8, shape (height, width, 3), channels in any order.
        landmarks: shape (5, 2), pixels of ``image``, in the template's order.

    Returns:
        uint8, shape (160, 160, 3), black where it reaches beyond the image.
    """
    side = (PICTURE_SIDE_PX, PICTURE_SIDE_PX)
    transform = similarity(landmarks, TEMPLATE)
    shrink = int(1 / max(float(np.hypot(transform[0, 0], transform[1, 0])), 1e-3))
    if shrink > 1:  # averaged down first: sampling a large face at single points would alias
        height, width = image.shape[:2]
        size = (max(1, width // shrink), max(1, height // shrink))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        # Pixel centres lie at whole numbers, hence the shift by half a pixel on either side.
        transform = similarity((landmarks + 0.5) * np.divide(size, (width, height)) - 0.5, TEMPLATE)
    return np.asarray(cv2.warpAffine(image, transform, side, flags=cv2.INTER_LINEAR), np.uint8)
