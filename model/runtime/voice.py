"""The voice tower as the server runs it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.errors import ModelError
from model.runtime.litert import LiteRtModel
from model.runtime.weights import Weights
from model.types import Vector

MEL_BANDS = 80
MIN_FRAMES = 48  # 0.5 s at a 10 ms hop and 25 ms frames


class VoiceTower:
    """CAM++ in LiteRT: log-mel frames of one stretch of speech in, one vector out."""

    def __init__(self, weights: Weights, *, copies: int = 1) -> None:
        """Load the part "voice_tower".

        Args:
            weights: where it is.
            copies: see `LiteRtModel`.

        Raises:
            WeightsError: the part is missing or cannot be loaded.
        """
        self._model = LiteRtModel(weights.path("voice_tower"), copies=copies)

    def embed(self, fbank: NDArray[np.float32]) -> Vector:
        """Embed one stretch of speech.

        Args:
            fbank: float32, shape (frames, 80), Kaldi log-mel at a 10 ms hop with the mean over
                time subtracted; 48 frames (0.5 s) or more.

        Returns:
            float32, shape (192,), not normalised.

        Raises:
            ModelError: the frames have another shape or type, or are too few.
        """
        if fbank.dtype != np.float32 or fbank.ndim != 2 or fbank.shape[1] != MEL_BANDS:
            raise ModelError(f"fbank must be float32 (frames, 80), not {fbank.dtype} {fbank.shape}")
        if len(fbank) < MIN_FRAMES:
            raise ModelError(f"{len(fbank)} frames of speech are too few: wait for {MIN_FRAMES}")
        vector: Vector = self._model.run(fbank[None])[0]
        return vector
