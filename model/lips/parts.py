"""The weights files of lips: names, shapes and what is said of them."""

from __future__ import annotations

from dataclasses import dataclass

from model.runtime.lips import (
    BANDS,
    CALIBRATION_PART,
    FEATURES,
    MOUTH_PART,
    PICTURE_PART,
    SOUND_PART,
)
from model.runtime.mouth import SIDE_PX


@dataclass(frozen=True, slots=True)
class LipPart:
    """One arm's file: its shape when converted, and what goes in and comes out."""

    name: str
    file: str
    shape: tuple[int | None, ...]
    input: str
    output: str


ARMS = (
    LipPart(
        MOUTH_PART,
        "lips_mouth.tflite",
        (1, SIDE_PX, SIDE_PX, 1),
        "float32 (1, 56, 56, 1), a mouth's picture of mean 0 and deviation 1",
        "float32 (1, 118)",
    ),
    LipPart(
        PICTURE_PART,
        "lips_picture.tflite",
        (1, None, FEATURES),
        "float32 (1, steps, 118), one every 40 ms",
        "float32 (1, steps, 64)",
    ),
    LipPart(
        SOUND_PART,
        "lips_sound.tflite",
        (1, None, BANDS),
        "float32 (1, 4 steps, 80), Kaldi log-mel of all sound",
        "float32 (1, steps, 64)",
    ),
)
CALIBRATION_FILE = "lips.json"
NAMES = (*(arm.name for arm in ARMS), CALIBRATION_PART)
ABOUT = {
    "licence": "Apache-2.0",
    "made_by": "python -m model lips train",
    "taught_by": "MediaPipe face mesh (npm @mediapipe/face_mesh 0.4.1657299874, Apache-2.0)",
}
