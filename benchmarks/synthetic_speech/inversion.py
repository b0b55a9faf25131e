"""Copy synthesis by spectra whose phase was thrown away or bent.

All take and give float32, shape (n,), 16 kHz.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import librosa
import numpy as np
from librosa.effects import time_stretch
from librosa.filters import mel as mel_bands
from numpy.typing import NDArray

from model.data.media import SAMPLE_RATE_HZ, Samples

_FFT, _HOP = 1024, 256
_FINE_FFT, _FINE_HOP = 400, 100
_BANDS = 80
_ROUNDS = 32
_STRETCH = 1.2
Spectrum = NDArray[Any]


def griffin_lim(samples: Samples) -> Samples:
    """All magnitudes in fine steps of time, phases found by going to and fro."""
    magnitude = np.abs(librosa.stft(samples, n_fft=_FINE_FFT, hop_length=_FINE_HOP))
    return _phased(magnitude, _FINE_FFT, _FINE_HOP, len(samples))


def mel_inversion(samples: Samples) -> Samples:
    """80 mel bands in steps of 16 ms, as text-to-speech hands them to a vocoder."""
    mel, back = _bands()
    magnitude = np.abs(librosa.stft(samples, n_fft=_FFT, hop_length=_HOP))
    return _phased(np.maximum(back @ (mel @ magnitude), 1e-7), _FFT, _HOP, len(samples))


def phase_vocoder(samples: Samples) -> Samples:
    """Stretched to 1.2 times its length and back, as voice changers do."""
    longer = time_stretch(samples, rate=1 / _STRETCH, n_fft=_FFT)
    back = time_stretch(longer, rate=_STRETCH, n_fft=_FFT)
    return np.resize(np.asarray(back, np.float32), len(samples))


def _phased(magnitude: Spectrum, fft: int, hop: int, count: int) -> Samples:
    made = librosa.griffinlim(
        magnitude, n_iter=_ROUNDS, n_fft=fft, hop_length=hop, length=count, random_state=0
    )
    return np.asarray(made, np.float32)


@cache
def _bands() -> tuple[Spectrum, Spectrum]:
    mel = mel_bands(sr=SAMPLE_RATE_HZ, n_fft=_FFT, n_mels=_BANDS)
    return mel, np.linalg.pinv(mel)
