"""Similarity alignment of faces to the 160x160 pictures of packs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.data.media import PICTURE_SIDE_PX, Picture
from model.runtime import align as alignment

TEMPLATE: NDArray[np.float64] = alignment.template(PICTURE_SIDE_PX)
"""Right eye, left eye, nose, right and left mouth corner in an aligned 160x160 picture, whose
``[24:136, 24:136]`` is the face tower's crop."""


def align(image: Picture, landmarks: NDArray[np.floating]) -> Picture:
    """Cut out one face with its features in the places of ``TEMPLATE``.

    Args:
        image: uint8, shape (height, width, 3), channels in any order.
        landmarks: shape (5, 2), pixels of ``image``, in the template's order.

    Returns:
        uint8, shape (160, 160, 3), black where it reaches beyond the image.
    """
    return alignment.align(image, landmarks, side_px=PICTURE_SIDE_PX)
