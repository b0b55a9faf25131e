"""Is a face presented to the camera itself, or on paper or a screen? One look at one picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.errors import ModelError
from model.runtime.detect import Box
from model.runtime.litert import LiteRtModel
from model.runtime.weights import Weights

SIDE_PX = 80
NEAR_SCALE = 2.7
WIDE_SCALE = 4.0
NEAR_PART = "presentation_near"
WIDE_PART = "presentation_wide"

_LIVE = 1
_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Look:
    """What the networks make of one face in one picture.

    Attributes:
        near: probability of a live face by the network that sees the face, 0 to 1.
        wide: likewise by the one that sees more of what is around it, such as an edge or a hand.
        fits: how much of the wanted surroundings the picture holds, 0 to 1; a face that fills the
            picture leaves little to see.
    """

    near: float
    wide: float
    fits: float

    @property
    def live(self) -> float:
        """The mean of both probabilities, as their authors combine them."""
        return (self.near + self.wide) / 2

    @property
    def log_odds(self) -> float:
        """Natural log-odds of ``live``; not calibrated."""
        live = min(max(self.live, _LEAST), 1 - _LEAST)
        return math.log(live / (1 - live))


class PresentationCheck:
    """Both MiniFASNets in LiteRT; safe to call from several threads, which take turns."""

    def __init__(self, weights: Weights) -> None:
        """Load the parts "presentation_near" and "presentation_wide".

        Raises:
            WeightsError: a part is missing or cannot be loaded.
        """
        self._near = LiteRtModel(weights.path(NEAR_PART))
        self._wide = LiteRtModel(weights.path(WIDE_PART))

    def look(self, image: NDArray[np.uint8], box: Box) -> Look:
        """Judge one face.

        Args:
            image: uint8, shape (height, width, 3), BGR, the picture as it came: what is left of a
                print or a screen is in its finest detail, so do not scale it down first.
            box: x, y, width, height of the face in it, as the face detector gives it; it may
                reach beyond the picture.

        Raises:
            ModelError: the picture has another shape or type, or the box no size.
        """
        near, wide = (surroundings(image, box, scale) for scale in (NEAR_SCALE, WIDE_SCALE))
        side = min(image.shape[0] / box[3], image.shape[1] / box[2])
        return Look(
            near=_probability(self._near, near),
            wide=_probability(self._wide, wide),
            fits=min(1.0, side / WIDE_SCALE),
        )


def surroundings(image: NDArray[np.uint8], box: Box, scale: float) -> NDArray[np.uint8]:
    """Cut out a face with what is around it, as the networks were trained to see it.

    The box is widened around its middle, yet never beyond what the picture holds, and then moved
    into the picture, so that nothing is made up at its edges and the shape stays that of the box
    (as in the authors' ``CropImage``).

    Args:
        image: uint8, shape (height, width, 3).
        box: x, y, width, height of the face.
        scale: how many times as wide and high as the face.

    Returns:
        uint8, shape (80, 80, 3).

    Raises:
        ModelError: the picture has another shape or type, or the box no size.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ModelError(
            f"a picture must be uint8 (height, width, 3), not {image.dtype} {image.shape}"
        )
    x, y, width, height = box
    if not all(map(math.isfinite, box)) or min(width, height) <= 0:
        raise ModelError(f"a face box needs a width and a height, not {box}")
    high, wide = image.shape[:2]
    scale = min(scale, (wide - 1) / width, (high - 1) / height)
    left, right = _span(x + width / 2, width * scale, wide)
    top, bottom = _span(y + height / 2, height * scale, high)
    part = image[top : bottom + 1, left : right + 1]
    return np.asarray(cv2.resize(part, (SIDE_PX, SIDE_PX)), np.uint8)


def _span(middle: float, length: float, limit: int) -> tuple[int, int]:
    """First and last pixel of a stretch that is moved to lie within 0 to ``limit``."""
    start = min(max(middle - length / 2, 0.0), max(limit - 1 - length, 0.0))
    return int(start), min(int(start + length), limit - 1)


def _probability(network: LiteRtModel, picture: NDArray[np.uint8]) -> float:
    logits = network.run(picture[None].astype(np.float32))[0].astype(np.float64)
    weights = np.exp(logits - logits.max())
    return float(weights[_LIVE] / weights.sum())
