"""The face tower as the server runs it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.errors import ModelError
from model.runtime.litert import LiteRtModel
from model.runtime.weights import Weights
from model.types import Vector

CROP_SHAPE = (112, 112, 3)
EMBEDDING_SIZE = 128


class FaceTower:
    """SFace in LiteRT: aligned faces in, vectors out."""

    def __init__(self, weights: Weights, *, copies: int = 1) -> None:
        """Load the part "face_tower".

        Args:
            weights: where it is.
            copies: see `LiteRtModel`.

        Raises:
            WeightsError: the part is missing or cannot be loaded.
        """
        self._model = LiteRtModel(weights.path("face_tower"), copies=copies)

    def embed(self, crops: NDArray[np.uint8]) -> Vector:
        """Embed aligned faces.

        Args:
            crops: uint8, shape (n, 112, 112, 3), RGB, aligned to the ArcFace template.

        Returns:
            float32, shape (n, 128), not normalised.

        Raises:
            ModelError: the crops have another shape or type.
        """
        if crops.dtype != np.uint8 or crops.shape[1:] != CROP_SHAPE:
            raise ModelError(
                f"faces must be uint8 (n, 112, 112, 3), not {crops.dtype} {crops.shape}"
            )
        # One by one: larger batches were measured to be no faster on one thread.
        rows = [self._model.run(crop[None].astype(np.float32))[0] for crop in crops]
        return np.stack(rows) if rows else np.zeros((0, EMBEDDING_SIZE), np.float32)
