"""The networks that ask for presence, loaded once for all calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from model.runtime.lips import LipCalibration, LipNetwork, load_calibration
from model.runtime.presentation import PresentationCheck
from model.runtime.weights import Weights


@dataclass(frozen=True, slots=True)
class PresenceModels:
    """Used from several threads, which take turns.

    Attributes:
        surface: screens and paper.
        lips: mouths and sound.
        calibration: what their agreement is worth.
    """

    surface: PresentationCheck
    lips: LipNetwork
    calibration: LipCalibration

    @classmethod
    def load(cls, weights: Weights) -> Self:
        """Load them.

        Raises:
            WeightsError: a part is missing or cannot be loaded.
        """
        return cls(PresentationCheck(weights), LipNetwork(weights), load_calibration(weights))
