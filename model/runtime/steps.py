"""Sound kept until somebody asks for its features, which cost a third where many come at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.runtime.audio import SAMPLE_RATE_HZ
from model.runtime.fbank import FRAME, HOP, fbank
from model.runtime.mouth import STEP_S
from model.types import Vector

STEP_SAMPLES = round(STEP_S * SAMPLE_RATE_HZ)

_PAST_SAMPLES = FRAME - HOP
"""How far the last frame of a step reaches past it."""


class SteppedSound:
    """Sound in steps of 40 ms, of which each can be read or dropped once.

    Who uses it bounds it: what is neither read nor dropped stays.
    """

    def __init__(self) -> None:
        self._samples = bytearray()  # one that lets go of its front at no cost

    @property
    def steps(self) -> int:
        """Whole steps that there are."""
        return max(0, len(self._samples) // 2 - _PAST_SAMPLES) // STEP_SAMPLES

    def push(self, samples: NDArray[np.int16]) -> None:
        """Take more, int16, mono at 16 kHz, following on the last."""
        self._samples += samples.astype(np.int16, copy=False).tobytes()

    def take(self, steps: int) -> Vector:
        """Features of the first steps, which are then gone.

        Args:
            steps: no more than there are.

        Returns:
            float32, shape (4 steps, 80): frames 4 k to 4 k + 3 are of step k.
        """
        if steps <= 0:
            return fbank(np.empty(0, np.int16))
        count = steps * STEP_SAMPLES + _PAST_SAMPLES
        features = fbank(np.frombuffer(self._samples[: 2 * count], np.int16))
        self.drop(steps)
        return features

    def drop(self, steps: int) -> None:
        """Let go of the first steps."""
        del self._samples[: 2 * steps * STEP_SAMPLES]

    def clear(self) -> None:
        """Let go of all."""
        self._samples.clear()
