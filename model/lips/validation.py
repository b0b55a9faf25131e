"""The network as it is being trained, read like the one that is shipped."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from model.runtime.mouth import standardised
from model.types import Vector


@dataclass(frozen=True)
class KerasNetwork:
    """What ``model.runtime.lips.LipNetwork`` offers, out of Keras."""

    mouth: keras.Model
    picture_arm: keras.Model
    sound_arm: keras.Model

    def features(self, mouths: NDArray[np.uint8]) -> Vector:
        """Shape (n, 56, 56) to (n, 118)."""
        return np.asarray(self.mouth.predict_on_batch(standardised(mouths)), np.float32)

    def picture(self, features: Vector) -> Vector:
        """Shape (steps, 118) to (steps, 64)."""
        return np.asarray(self.picture_arm.predict_on_batch(features[None])[0], np.float32)

    def sound(self, fbank: Vector) -> Vector:
        """Shape (4 steps, 80) to (steps, 64)."""
        return np.asarray(self.sound_arm.predict_on_batch(fbank[None])[0], np.float32)
