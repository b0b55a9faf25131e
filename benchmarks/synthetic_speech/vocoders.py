"""Copy synthesis by models of the voice: what is said is measured, thrown away and made anew.

All take and give float32, shape (n,), 16 kHz. Words, speaker and level stay; the wave does not.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from model.data.media import SAMPLE_RATE_HZ, Samples

HOP = 80
_FRAME = 480
_ORDER = 18
_LAGS = slice(SAMPLE_RATE_HZ // 400, SAMPLE_RATE_HZ // 70)
_VOICED = 0.45
_FFT = 1024
_VOICE_ENDS_HZ = 4000
Floats = NDArray[np.float64]


def has_world() -> bool:
    """Whether pyworld is installed."""
    return find_spec("pyworld") is not None


def world(samples: Samples) -> Samples:
    """WORLD (Morise et al. 2016): pitch, spectral envelope and aperiodicity each 5 ms."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # It asks setuptools for its own version.
        import pyworld  # an extra of its own; the rest runs without it

    wave = samples.astype(np.float64)
    coarse, times = pyworld.dio(wave, SAMPLE_RATE_HZ)
    pitch = pyworld.stonemask(wave, coarse, times, SAMPLE_RATE_HZ)
    envelope = pyworld.cheaptrick(wave, pitch, times, SAMPLE_RATE_HZ)
    breath = pyworld.d4c(wave, pitch, times, SAMPLE_RATE_HZ)
    made = pyworld.synthesize(pitch, envelope, breath, SAMPLE_RATE_HZ)
    return np.resize(np.asarray(made, np.float32), len(samples))


def linear_prediction(samples: Samples) -> Samples:
    """Pulses or noise through the all-pole filter of each 30 ms, as LPC-10 and its heirs."""
    frames = _frames(samples)
    source = _excitation(pitch(frames), len(samples))
    made = np.zeros(len(frames) * HOP + _FRAME)
    weights = np.hanning(_FRAME) / (_FRAME / HOP / 2)
    excited = np.pad(source, (_FRAME // 2, _FRAME))
    for index, frame in enumerate(frames):
        filtered, error = _all_pole(frame)
        place = slice(index * HOP, index * HOP + _FRAME)
        drive = excited[place]
        gain = np.sqrt(error / max(float(np.mean(drive**2)), 1e-9))
        made[place] += weights * lfilter([gain], filtered, drive)
    return np.asarray(made[_FRAME // 2 :][: len(samples)], np.float32)


def harmonics(samples: Samples) -> Samples:
    """Sines at multiples of the pitch, all in phase, and shaped noise for what is not voiced."""
    frames = _frames(samples)
    hertz = pitch(frames)
    spectra = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), _FFT)) / (_FRAME / 4)
    at = np.arange(len(samples)) / HOP
    turning = np.cumsum(_over_time(at, np.where(hertz > 0, hertz, 120.0))) / SAMPLE_RATE_HZ
    made = np.zeros(len(samples))
    for number in range(1, _VOICE_ENDS_HZ // 70):
        wanted = (number * hertz < _VOICE_ENDS_HZ) & (hertz > 0)
        if wanted.any():
            bins = np.where(wanted, np.rint(number * hertz * _FFT / SAMPLE_RATE_HZ), 0).astype(int)
            loud = np.where(wanted, spectra[np.arange(len(frames)), bins], 0.0)
            made += _over_time(at, loud) * np.cos(2 * np.pi * number * turning)
    return np.asarray(made + _breath(spectra, hertz, len(samples)), np.float32)


def pitch(frames: Floats) -> Floats:
    """Hertz of each frame by autocorrelation, 0 where it is not voiced, shape (frames,)."""
    spectra = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), 2 * _FFT)) ** 2
    own = np.fft.irfft(spectra)[:, : _LAGS.stop]
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(_FRAME), 2 * _FFT)) ** 2)[: _LAGS.stop]
    likeness = own / np.maximum(own[:, :1], 1e-9) / (window / window[0])
    lag = np.argmax(likeness[:, _LAGS], axis=1) + _LAGS.start
    sure = likeness[np.arange(len(frames)), lag] > _VOICED
    return np.where(sure, SAMPLE_RATE_HZ / lag, 0.0)


def _frames(samples: Samples) -> Floats:
    """Each 5 ms the 30 ms around it, shape (frames, 480)."""
    padded = np.pad(samples.astype(np.float64), (_FRAME // 2, _FRAME // 2))
    return np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[: len(samples) : HOP]


def _all_pole(frame: Floats) -> tuple[Floats, float]:
    windowed = frame * np.hanning(_FRAME)
    own = np.correlate(windowed, windowed, "full")[_FRAME - 1 :][: _ORDER + 1]
    own[0] = own[0] * 1.0001 + 1e-9
    weights = solve_toeplitz(own[:-1], own[1:])
    error = max(float(own[0] - weights @ own[1:]), 0.0) / np.square(np.hanning(_FRAME)).sum()
    return np.concatenate(([1.0], -weights)), error


def _excitation(hertz: Floats, count: int) -> Floats:
    """A pulse each period where it is voiced, white noise elsewhere; power about 1."""
    rng = np.random.default_rng(0)
    each = np.repeat(hertz, HOP)[:count]
    turning = np.cumsum(each) / SAMPLE_RATE_HZ
    pulse = np.diff(np.floor(turning), prepend=0.0) * np.sqrt(SAMPLE_RATE_HZ / np.maximum(each, 70))
    return np.where(each > 0, pulse, rng.standard_normal(count))


def _over_time(at: Floats, values: Floats) -> Floats:
    return np.interp(at, np.arange(len(values)), values)


def _breath(spectra: Floats, hertz: Floats, count: int) -> Floats:
    """Noise with each frame's spectrum, in voiced frames only above the sines."""
    rng = np.random.default_rng(0)
    voiced_bins = _VOICE_ENDS_HZ * _FFT // SAMPLE_RATE_HZ
    shape = spectra.copy()
    shape[hertz > 0, :voiced_bins] = 0
    noise = np.fft.rfft(rng.standard_normal((len(spectra), _FFT)))
    pieces = np.fft.irfft(noise * shape)[:, :_FRAME] * np.hanning(_FRAME)
    made = np.zeros(len(spectra) * HOP + _FRAME)
    for index, piece in enumerate(pieces):
        made[index * HOP : index * HOP + _FRAME] += piece
    return np.asarray(made[_FRAME // 2 :][:count] * np.sqrt(HOP / _FRAME))
