"""Kaldi's log-mel filterbank, computed as the samples come in, in buffers made once."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from scipy import fft

from model.runtime.audio import SAMPLE_RATE_HZ

FRAME = 400
"""Samples in a frame: 25 ms."""
HOP = 160
"""Samples from one frame to the next: 10 ms."""
MEL_BANDS = 80

_FFT = 512
_LOW_HZ = 20.0
_PRE_EMPHASIS = np.float32(0.97)
_FULL_SCALE = np.float32(1 / 32768)
_FLOOR = np.finfo(np.float32).eps
_STREAMED, _BLOCK = 4, 32
"""Frames computed at once, of a call and of a recording: few, so that all stays in the cache and
BLAS wakes no threads for it."""


def _mel(hz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.asarray(1127.0 * np.log(1.0 + np.asarray(hz) / 700.0))


def _filterbank() -> NDArray[np.float32]:
    """Triangles that are equally spaced, and linear, on the mel scale: shape (257, 80)."""
    edges = np.linspace(_mel(_LOW_HZ), _mel(SAMPLE_RATE_HZ / 2), MEL_BANDS + 2)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    bins = _mel(np.arange(_FFT // 2 + 1) * SAMPLE_RATE_HZ / _FFT)[:, None]
    rising = (bins - left) / (centre - left)
    falling = (right - bins) / (right - centre)
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


_FILTERS = _filterbank()
_HANN = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / (FRAME - 1))
_POVEY = (_HANN**0.85).astype(np.float32)


class _Bank:
    """Features of up to so many frames at once.

    Kaldi's window starts with a weight of 0, so that pre-emphasis may run over the signal instead
    of over each frame.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        length = (most - 1) * HOP + FRAME
        self._signal: NDArray[np.float32] = np.zeros(length, np.float32)
        self._emphasised: NDArray[np.float32] = np.zeros(length, np.float32)
        self._frames = _framed(self._signal, most)
        self._emphasised_frames = _framed(self._emphasised, most)
        self._offsets: NDArray[np.float32] = np.zeros((most, 1), np.float32)
        self._padded: NDArray[np.float32] = np.zeros((most, _FFT), np.float32)
        self._power: NDArray[np.float32] = np.zeros((most, _FFT // 2 + 1), np.float32)
        self._squares: NDArray[np.float32] = np.zeros((most, _FFT // 2 + 1), np.float32)

    def features(self, samples: NDArray[np.int16], out: NDArray[np.float32]) -> None:
        """Compute the features of ``len(out)`` frames, ``most`` at most, into ``out``."""
        count = len(out)
        length = (count - 1) * HOP + FRAME
        signal, emphasised = self._signal[:length], self._emphasised[:length]
        np.multiply(samples[:length], _FULL_SCALE, out=signal)
        np.multiply(signal[:-1], _PRE_EMPHASIS, out=emphasised[1:])
        np.subtract(signal[1:], emphasised[1:], out=emphasised[1:])
        offsets = np.mean(self._frames[:count], axis=1, keepdims=True, out=self._offsets[:count])
        offsets *= 1 - _PRE_EMPHASIS
        inner = self._padded[:count, :FRAME]
        np.subtract(self._emphasised_frames[:count], offsets, out=inner)
        inner *= _POVEY
        spectra = fft.rfft(self._padded[:count])  # scipy's vectorises over frames
        power = np.square(spectra.real, out=self._power[:count])
        power += np.square(spectra.imag, out=self._squares[:count])
        np.matmul(power, _FILTERS, out=out)
        np.maximum(out, _FLOOR, out=out)
        np.log(out, out=out)


def _framed(signal: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """View a signal as overlapping frames."""
    return as_strided(signal, (count, FRAME), (4 * HOP, 4))


def fbank(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Log-mel filterbank of a whole utterance, without mean subtraction.

    Kaldi's ``compute-fbank-feats`` (Povey et al. 2011) with 80 bands from 20 Hz to Nyquist, 25 ms
    frames every 10 ms, dither 0, ``snip_edges``, on samples scaled to -1..1.

    Args:
        samples: int16, shape (n,), mono at 16 kHz.

    Returns:
        float32, shape (frames, 80); no row where n < 400.
    """
    return _by_blocks(samples, _Bank(max(1, min(_BLOCK, _frames_in(samples)))))


def _frames_in(samples: NDArray[np.int16]) -> int:
    return max(0, (len(samples) - FRAME) // HOP + 1)


def _by_blocks(samples: NDArray[np.int16], bank: _Bank) -> NDArray[np.float32]:
    features: NDArray[np.float32] = np.empty((_frames_in(samples), MEL_BANDS), np.float32)
    for first in range(0, len(features), bank.most):
        bank.features(samples[first * HOP :], features[first : first + bank.most])
    return features


class FbankStream:
    """The same features, frame by frame, whatever the size of the chunks."""

    def __init__(self) -> None:
        """Start with an empty signal."""
        self._rest = np.empty(0, np.int16)
        self._bank = _Bank(_STREAMED)

    def push(self, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        """Take more of the signal and give the frames that it completes.

        Args:
            samples: int16, shape (n,), mono at 16 kHz, following on the last ones.

        Returns:
            float32, shape (frames, 80): frame k of the stream covers the 400 samples from
            sample 160 k on.
        """
        signal = np.concatenate((self._rest, samples))
        features = _by_blocks(signal, self._bank)
        self._rest = signal[len(features) * HOP :]
        return features
