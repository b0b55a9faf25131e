"""What colour of light falls on a face, and on what lies behind it.

Means of linear light over skin and over the background above the chin; their logs of red and blue
over green, so that exposure drops out, and what a camera's white balance does to both alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.runtime.align import align
from model.runtime.detect import Box, DetectedFace

Chroma = NDArray[np.float64]
"""Shape (2,): log of red over green, log of blue over green."""

_SKIN = ((26, 12, 86, 36), (18, 62, 42, 84), (70, 62, 94, 84))
"""Forehead and both cheeks of an aligned face: left, top, right, bottom. No mouth, which moves."""
_WIDE = 0.7
"""So many widths of the face to each side of it nothing is background: hair, ears, a hand."""
_EVERY_PX = 3
_LEAST_SHARE = 0.04
"""Of the picture has to be background."""
_DARKEST, _BRIGHTEST = 3, 230
"""What a camera clips, or would in another light, has no colour."""
_LEAST_KEPT = 0.2


def _linear_light() -> NDArray[np.float32]:
    level = np.arange(256) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4).astype(
        np.float32
    )


_LINEAR = _linear_light()


@dataclass(frozen=True, slots=True)
class Light:
    """Light that comes from one part of a picture.

    Attributes:
        chroma: its colour.
        level: how bright it is, 0 to 1, linear.
    """

    chroma: Chroma
    level: float


def light_of(pixels: NDArray[np.uint8]) -> Light | None:
    """The mean light of pixels that are neither black nor clipped.

    Args:
        pixels: uint8, shape (..., 3), BGR.

    Returns:
        None where nearly all are.
    """
    flat = pixels.reshape(-1, 3)
    peak = flat.max(axis=1)
    kept = flat[(peak >= _DARKEST) & (peak <= _BRIGHTEST)]
    if len(kept) <= _LEAST_KEPT * len(flat):
        return None
    blue, green, red = (float(_LINEAR[kept[:, at]].mean()) + 1e-4 for at in range(3))
    return Light(np.log([red / green, blue / green]), green)


def skin_light(image: NDArray[np.uint8], face: DetectedFace) -> Light | None:
    """What comes from forehead and cheeks.

    Args:
        image: uint8, shape (height, width, 3), BGR.
        face: as found in it.
    """
    aligned = align(image, face.landmarks)
    parts = [aligned[top:low, left:right].reshape(-1, 3) for left, top, right, low in _SKIN]
    return light_of(np.concatenate(parts))


class Background:
    """What lies beside and above one face; the same place in picture after picture.

    Args:
        box: of the face: x, y, width, height, pixels.
        shape: height and width of the pictures.
    """

    def __init__(self, box: Box, shape: tuple[int, int]) -> None:
        height, width = shape
        x, y, wide, high = box
        # Below the chin is clothing, which the screen lights as it lights the face.
        low = int(np.clip(y + 0.8 * high, 0, height))
        left, right = (
            int(np.clip(at, 0, width)) for at in (x - _WIDE * wide, x + (1 + _WIDE) * wide)
        )
        self._parts = (slice(0, low, _EVERY_PX), left, right)
        self.enough = low * (left + width - right) >= _LEAST_SHARE * height * width
        """Whether there is any to speak of."""

    def light(self, image: NDArray[np.uint8]) -> Light | None:
        """What comes from it."""
        rows, left, right = self._parts
        sides = image[rows, :left:_EVERY_PX], image[rows, right::_EVERY_PX]
        return light_of(np.concatenate([side.reshape(-1, 3) for side in sides]))
