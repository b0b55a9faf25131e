"""How far a face picture can be trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.runtime.quality import crop_quality
from model.types import FaceQuality
from stream_verifier.windows.faces import TEMPLATE
from stream_verifier.windows.types import DetectedFace

MIN_SIZE_PX = 40.0
MIN_SHARPNESS = 15.0
MAX_YAW = 0.6
MAX_PITCH = 0.6
MIN_BRIGHTNESS = 0.12
MAX_BRIGHTNESS = 0.9
MIN_CONTRAST = 0.05


def measure(face: DetectedFace, crop: NDArray[np.uint8]) -> FaceQuality:
    """Measure one face.

    Args:
        face: as found in its frame.
        crop: uint8, shape (112, 112, 3), RGB: the same face aligned.

    Returns:
        All of ``FaceQuality``; yaw is positive when the nose points to the picture's right,
        pitch when it points down.
    """
    measured = crop_quality(crop)
    yaw, pitch = _pose(face.landmarks)
    return FaceQuality(
        size_px=(face.box[2] + face.box[3]) / 2,
        sharpness=measured.sharpness,
        yaw=yaw,
        pitch=pitch,
        brightness=measured.brightness,
        contrast=measured.contrast,
        detection=face.score,
    )


def _nose_place(landmarks: NDArray[np.floating]) -> tuple[float, float]:
    """Where the nose lies between the eyes (-1 to 1), and from eyes (0) to mouth (1).

    Measured along and across the line of the eyes, so that a tilted head counts as upright.
    """
    points = landmarks[:, 0].astype(np.float64) + 1j * landmarks[:, 1]
    eye_line = points[1] - points[0]
    right_eye, left_eye, nose, right_mouth, left_mouth = points / (eye_line / abs(eye_line))
    eyes, mouth = (right_eye + left_eye) / 2, (right_mouth + left_mouth) / 2
    middle = eyes + (mouth - eyes) / 2
    across = 2 * (nose - middle).real / abs(eye_line)
    down = (nose - eyes).imag / max((mouth - eyes).imag, 1e-3)
    return across, down


_LEVEL_NOSE = _nose_place(TEMPLATE)[1]


def _pose(landmarks: NDArray[np.float32]) -> tuple[float, float]:
    if np.array_equal(landmarks[0], landmarks[1]):
        return 1.0, 0.0
    across, down = _nose_place(landmarks)
    return float(np.clip(across, -1, 1)), float(np.clip(2 * (down - _LEVEL_NOSE), -1, 1))


def usable(quality: FaceQuality) -> tuple[str, ...]:
    """Say why a face may not be scored.

    Args:
        quality: as measured.

    Returns:
        Machine-readable reasons, which are hints to the person as well: face_too_small,
        face_blurred, face_turned, face_dark, face_bright, face_flat. Empty where it may be scored.
    """
    reasons = {
        "face_too_small": quality.size_px < MIN_SIZE_PX,
        "face_blurred": quality.sharpness < MIN_SHARPNESS,
        "face_turned": abs(quality.yaw) > MAX_YAW or abs(quality.pitch) > MAX_PITCH,
        "face_dark": quality.brightness < MIN_BRIGHTNESS,
        "face_bright": quality.brightness > MAX_BRIGHTNESS,
        "face_flat": quality.contrast < MIN_CONTRAST,
    }
    return tuple(reason for reason, applies in reasons.items() if applies)


def rank(quality: FaceQuality) -> float:
    """Rate a face, to pick the best picture of a person.

    A product, so that one bad property cannot be made up for by the others.

    Args:
        quality: as measured.

    Returns:
        0 (useless) to 1.
    """
    size = min(1.0, quality.size_px / 112)
    sharpness = quality.sharpness / (quality.sharpness + 100)
    pose = (1 - abs(quality.yaw)) * (1 - abs(quality.pitch) / 2)
    light = min(1.0, quality.contrast / 0.15)
    return float(size * sharpness * pose * light * quality.detection)
