"""Faces as serving meets them: frames in OpenCV's channel order, crops in the face tower's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.runtime import align as alignment
from model.runtime.detect import Box as Box
from model.runtime.detect import DetectedFace as DetectedFace
from model.runtime.detect import FaceDetector as FaceDetector


def align(image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Cut out one face for the face tower.

    Args:
        image: uint8, shape (height, width, 3), BGR.
        landmarks: shape (5, 2), pixels of ``image``, in YuNet's order.

    Returns:
        uint8, shape (112, 112, 3), RGB; black where it reaches beyond the frame.
    """
    return np.ascontiguousarray(alignment.align(image, landmarks)[:, :, ::-1])


def in_pixels(box: Box, image: NDArray[np.uint8]) -> Box:
    """A box in fractions of a picture, in its pixels: x, y, width, height."""
    height, width = image.shape[:2]
    x, y, wide, high = box
    return x * width, y * height, wide * width, high * height


def in_fractions(box: Box, image: NDArray[np.uint8]) -> Box:
    """A box in pixels of a picture, in fractions of it: x, y, width, height."""
    height, width = image.shape[:2]
    x, y, wide, high = box
    return x / width, y / height, wide / width, high / height
