"""Qualities that an aligned face crop alone tells; one definition for training and serving."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_GREY_OF_RGB = np.array([0.299, 0.587, 0.114], dtype=np.float32)


class CropQuality(NamedTuple):
    """What :class:`model.types.FaceQuality` takes from the crop."""

    sharpness: float
    brightness: float
    contrast: float


def crop_quality(crop: NDArray[np.uint8]) -> CropQuality:
    """Measure an aligned crop.

    Args:
        crop: uint8, shape (112, 112, 3), RGB.

    Returns:
        Sharpness: variance of the Laplacian of the grey crop, grey levels 0 to 255 (Pech-Pacheco
        et al. 2000). Brightness and contrast: mean and standard deviation of grey, 0 to 1.
    """
    grey = crop.astype(np.float32) @ _GREY_OF_RGB
    padded = np.pad(grey, 1, mode="reflect")
    ring = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    laplacian = ring - 4 * grey
    return CropQuality(float(laplacian.var()), float(grey.mean()) / 255, float(grey.std()) / 255)
