"""How much speech a recording holds, and how far above the pauses.

Serving measures the same quantities with its speech detector, pauses marked frame by frame. Here
a level gate stands for it: on the same recordings its SNR was found 2 to 8 dB above the
detector's, and its seconds of speech 0.1 to 0.7 s longer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.data.media import SAMPLE_RATE_HZ, Samples
from model.types import VoiceQuality

NO_PAUSE_SNR_DB = 40.0
FRAME = 480
_FFT = 1024
_BAND = slice(round(125 * _FFT / SAMPLE_RATE_HZ), round(4000 * _FFT / SAMPLE_RATE_HZ))
_OVER_FLOOR_DB = 6.0
_LEAST_DBFS = -50.0
_HANGOVER_FRAMES = 7
_SILENT_POWER = 1e-12


def frame_power(samples: Samples) -> NDArray[np.float64]:
    """Power between 125 Hz and 4 kHz of each whole 30 ms frame, shape (frames,)."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    spectrum = np.fft.rfft(frames - frames.mean(axis=1, keepdims=True), _FFT)[:, _BAND]
    power = 2 * np.square(np.abs(spectrum)).sum(axis=1) / (_FFT * FRAME)
    return np.asarray(np.maximum(power, _SILENT_POWER))


def voice_quality(samples: Samples) -> VoiceQuality:
    """Measure a recording of at least 30 ms.

    Frames count as speech from 6 dB above the tenth percentile of all frames on, and for 0.21 s
    after; SNR is mean speech power over median pause level.
    """
    power = frame_power(samples)
    levels = 10 * np.log10(power)
    floor_dbfs = np.percentile(levels, 10)
    loud = (levels > floor_dbfs + _OVER_FLOOR_DB) & (levels > _LEAST_DBFS)
    if not loud.any():
        loud = levels >= np.median(levels)
    level_dbfs = float(10 * np.log10(power[loud].mean()))
    pause_dbfs = float(np.median(levels[~loud])) if not loud.all() else -np.inf
    return VoiceQuality(
        speech_s=float(_held(loud).sum()) * FRAME / SAMPLE_RATE_HZ,
        snr_db=min(NO_PAUSE_SNR_DB, level_dbfs - pause_dbfs),
        level_dbfs=level_dbfs,
    )


def _held(loud: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Let each loud frame cover the hangover behind it."""
    reach = np.convolve(loud, np.ones(_HANGOVER_FRAMES + 1))[: len(loud)]
    return np.asarray(reach > 0.5)
