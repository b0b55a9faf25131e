"""The files of a trained network that serving loads; needs no TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from model.convert.manifest import update_part
from model.runtime.comparator import CALIBRATION_PART, NETWORK_PART, CalibrationSet
from model.types import Vector

NETWORK_FILE = "fusion.tflite"
CALIBRATION_FILE = "fusion.json"


def write_fusion(folder: Path, network: bytes, calibration: CalibrationSet, **about: Any) -> None:
    """Write network and calibration with their entries in the folder's manifest."""
    update_part(
        NETWORK_PART,
        NETWORK_FILE,
        data=network,
        directory=folder,
        licence="Apache-2.0",
        input="probe, reference and qualities of both modalities, end to end",
        output="float32 (1, 3): face, voice, fused; not calibrated",
        **about,
    )
    write_calibration(folder, calibration)


def write_calibration(folder: Path, calibration: CalibrationSet) -> None:
    """Write a calibration with its entry in the folder's manifest."""
    update_part(
        CALIBRATION_PART,
        CALIBRATION_FILE,
        data=calibration.text().encode(),
        directory=folder,
        licence="Apache-2.0",
        input="the network's three outputs",
        output="three LLRs, and thresholds by operating point",
    )


def joined_inputs(inputs: list[Vector]) -> Vector:
    """A batch of the network's inputs as the exported network takes them, shape (n, sizes)."""
    return np.concatenate(inputs, axis=1).astype(np.float32)
