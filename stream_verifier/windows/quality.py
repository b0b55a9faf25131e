"""How far a face picture can be trusted."""

from __future__ import annotations

from model.runtime.quality import measure as measure
from model.types import FaceQuality

MIN_SIZE_PX = 40.0
MIN_SHARPNESS = 5.0
"""Down to here LLRs of blurred faces mean what they say (`python -m benchmarks.poor_faces`): whom a
poor line makes soft is not to wait for ever, and a face that tells little counts for little."""
MAX_YAW = 0.6
MAX_PITCH = 0.6
MIN_BRIGHTNESS = 0.12
MAX_BRIGHTNESS = 0.9
MIN_CONTRAST = 0.05


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
