"""About how many syllables there are in speech: peaks of its loudness."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from stream_verifier.media.types import SAMPLE_RATE_HZ

_STEP_SAMPLES = SAMPLE_RATE_HZ // 100
_SMOOTH_STEPS = 6.0
"""60 ms: syllables follow on each other about five times a second (De Jong and Wempe 2009)."""
_LEAST_DIP_DB = 2.0
_DYNAMIC_DB = 25.0
_AUDIBLE_DB = 30.0
"""Of samples from -32768 to 32767."""


def syllables(samples: NDArray[np.int16]) -> int:
    """Count peaks of loudness with a dip of 2 dB between them (after De Jong and Wempe 2009).

    Args:
        samples: int16, mono at 16 kHz, speech without its pauses.

    Returns:
        About one a syllable; syllables that run together count as one.
    """
    steps = len(samples) // _STEP_SAMPLES
    if steps == 0:
        return 0
    frames = samples[: steps * _STEP_SAMPLES].astype(np.float32).reshape(steps, _STEP_SAMPLES)
    power = np.square(frames).mean(axis=1).reshape(1, -1)
    smooth = cv2.GaussianBlur(power, (0, 0), sigmaX=_SMOOTH_STEPS / 2, sigmaY=0.1)[0]
    level = 10 * np.log10(smooth + 1.0)
    if level.max() < _AUDIBLE_DB:
        return 0
    floor = float(level.max()) - _DYNAMIC_DB
    count, low, high, rising = 0, floor, floor, True
    for one in level:
        if rising:
            high = max(high, float(one))
            if one < high - _LEAST_DIP_DB:
                count += high > floor
                rising, low = False, float(one)
        else:
            low = min(low, float(one))
            if one > max(low, floor) + _LEAST_DIP_DB:
                rising, high = True, float(one)
    return count + (rising and high > floor)
