"""What a face looks like for a moment: enough to see that another one has taken its place.

No recognition: it holds for the second between two looks, in the same light and pose, and costs a
fraction of a millisecond where an embedding costs tens.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Appearance = NDArray[np.float32]
"""Shape (216,), mean 0, unit length."""

_MARGIN_PX = 8
_SIDE_PX = 32
_CELLS = 6
_DIRECTIONS = 6
_FAINT = 20.0
"""Gradients of less than this are noise rather than features."""


def appearance(pixels: NDArray[np.uint8]) -> Appearance:
    """Describe an aligned face by the directions of its edges, cell by cell.

    Histograms of oriented gradients (Dalal and Triggs 2005), each cell normalised by itself, so
    that light from another side changes little.

    Args:
        pixels: uint8, shape (112, 112, 3), RGB.

    Returns:
        The correlation of two is their product, -1 to 1.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[_MARGIN_PX:-_MARGIN_PX, _MARGIN_PX:-_MARGIN_PX]
    small = cv2.resize(grey, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    small = small.astype(np.float32)
    across, down = cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1)
    strength, angle = cv2.cartToPolar(across, down)
    direction = (angle * (_DIRECTIONS / np.pi)).astype(np.int32) % _DIRECTIONS
    layers = strength[:, :, None] * (direction[:, :, None] == np.arange(_DIRECTIONS))
    # Two halves, since OpenCV scales four channels at once at most.
    halves = [
        cv2.resize(half, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
        for half in np.split(layers.astype(np.float32), 2, axis=2)
    ]
    cells = np.concatenate(halves, axis=2)
    cells = np.sqrt(cells / (np.linalg.norm(cells, axis=2, keepdims=True) + _FAINT))
    flat = cells.ravel() - cells.mean()
    return np.asarray(flat / max(float(np.linalg.norm(flat)), 1e-6), np.float32)
