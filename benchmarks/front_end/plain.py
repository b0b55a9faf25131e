"""The front end's arithmetic as the papers have it, array by array: slow, and easy to check.

What serves computes the same in buffers made once (`model.runtime`); tests hold the two together,
and ``python -m benchmarks.front_end`` says what the difference in time is.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from numpy.typing import NDArray
from scipy import fft
from scipy.special import expit

from model.runtime import align as alignment
from model.runtime.audio import SAMPLE_RATE_HZ
from model.runtime.fbank import FRAME as FBANK_FRAME
from model.runtime.fbank import HOP, MEL_BANDS
from model.runtime.quality import CropQuality
from model.runtime.silero import CHUNK
from model.runtime.vad import FRAME

Floats = NDArray[np.float32]
Samples = NDArray[np.int16]
Pixels = NDArray[np.uint8]

_FBANK_FFT = 512
_VAD_FFT = 1024
_WAYS = ("ih", "hh")
_BAND = slice(round(125 * _VAD_FFT / SAMPLE_RATE_HZ), round(4000 * _VAD_FFT / SAMPLE_RATE_HZ))
_LAGS = slice(SAMPLE_RATE_HZ // 400, SAMPLE_RATE_HZ // 70)
_SILENCE_DBFS = -120.0
_GREY_OF_RGB = np.array([0.299, 0.587, 0.114], np.float32)


def fbank(samples: Samples) -> Floats:
    """Kaldi's log-mel filterbank (Povey et al. 2011), shape (frames, 80)."""
    if len(samples) < FBANK_FRAME:
        return np.empty((0, MEL_BANDS), np.float32)
    signal = samples.astype(np.float32) * np.float32(1 / 32768)
    emphasised = np.append(np.float32(0), signal[1:] - np.float32(0.97) * signal[:-1])
    offset = _frames(signal).mean(axis=1, keepdims=True) * np.float32(0.03)
    spectrum = fft.rfft((_frames(emphasised) - offset) * _POVEY, _FBANK_FFT)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    mel: Floats = power @ _TRIANGLES
    return np.asarray(np.log(np.maximum(mel, np.finfo(np.float32).eps)), np.float32)


def _frames(signal: Floats) -> Floats:
    count = (len(signal) - FBANK_FRAME) // HOP + 1
    return as_strided(signal, (count, FBANK_FRAME), (4 * HOP, 4))


def _triangles() -> Floats:
    def mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(1127.0 * np.log(1.0 + hz / 700.0))

    low, high = mel(np.array([20.0, SAMPLE_RATE_HZ / 2]))
    edges = np.linspace(low, high, MEL_BANDS + 2)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    bins = mel(np.arange(_FBANK_FFT // 2 + 1) * SAMPLE_RATE_HZ / _FBANK_FFT)[:, None]
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)), np.float32)


_TRIANGLES = _triangles()
_HANN = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FBANK_FRAME) / (FBANK_FRAME - 1))
_POVEY = (_HANN**0.85).astype(np.float32)


class FbankStream:
    """The filterbank of all that has come and was not given yet, chunk by chunk."""

    def __init__(self) -> None:
        """Start with an empty signal."""
        self._rest = np.empty(0, np.int16)

    def push(self, samples: Samples) -> Floats:
        """Take more of the signal and give the frames that it completes."""
        signal = np.concatenate((self._rest, samples))
        features = fbank(signal)
        self._rest = signal[len(features) * HOP :]
        return features


class SpeechNetwork:
    """Silero's network (https://github.com/snakers4/silero-vad, 6.2.3), layer by layer.

    Args:
        tensors: of the network, by the names in its file.
        step: new samples in each step.
    """

    def __init__(self, tensors: Mapping[str, Floats], *, step: int) -> None:
        self._step = step
        self._basis = tensors["stft.weight"][:, 0].T
        self._convolutions = [
            (_matrix(tensors[f"conv{k}.weight"].transpose(0, 2, 1)), tensors[f"conv{k}.bias"])
            for k in range(4)
        ]
        self._inward, self._onward = (_matrix(tensors[f"lstm.weight_{way}"]) for way in _WAYS)
        self._bias = tensors["lstm.bias_ih"] + tensors["lstm.bias_hh"]
        self._readout = tensors["readout.weight"][0, :, 0]
        self._offset = tensors["readout.bias"][0]
        self._before: Floats = np.zeros(CHUNK - step, np.float32)
        self._hidden: Floats = np.zeros(128, np.float32)
        self._cell: Floats = np.zeros(128, np.float32)

    def push(self, samples: Samples) -> Floats:
        """Probability of speech after each step."""
        if not len(samples):
            return np.zeros(0, np.float32)
        new = samples.astype(np.float32) / np.float32(32768)
        sound: Floats = np.concatenate((self._before, new))
        self._before = sound[len(sound) - len(self._before) :]
        chunks = sliding_window_view(sound, CHUNK)[:: self._step]
        inward = self._encode(chunks) @ self._inward + self._bias
        hidden = np.stack([self._remember(gates) for gates in inward])
        said = np.maximum(hidden, 0) @ self._readout + self._offset
        return np.asarray(expit(said), np.float32)

    def _encode(self, chunks: Floats) -> Floats:
        padded = np.pad(chunks, ((0, 0), (0, 64)), mode="reflect")
        spectra = sliding_window_view(padded, 256, axis=1)[:, ::128] @ self._basis
        real, imaginary = np.split(spectra, 2, axis=-1)
        features: Floats = np.hypot(real, imaginary)
        for (kernel, bias), stride in zip(self._convolutions, (1, 2, 2, 1), strict=True):
            features = np.maximum(_by_three(features, stride) @ kernel + bias, 0)
        return features[:, 0]

    def _remember(self, inward: Floats) -> Floats:
        """One step of the LSTM cell (Hochreiter and Schmidhuber 1997)."""
        gates = inward + self._hidden @ self._onward
        enter, keep, candidate, leave = gates.reshape(4, 128)
        self._cell = expit(keep) * self._cell + expit(enter) * np.tanh(candidate)
        self._hidden = expit(leave) * np.tanh(self._cell)
        return self._hidden


def measure(samples: Samples) -> tuple[float, float]:
    """Level and voicing of one frame, as `model.runtime.vad.FrameMeter` describes them."""
    signal = samples / 32768
    spectrum = fft.rfft(signal - signal.mean(), _VAD_FFT)
    power = np.zeros(_VAD_FFT // 2 + 1)
    power[_BAND] = np.square(spectrum.real[_BAND]) + np.square(spectrum.imag[_BAND])
    mean_power = 2 * power.sum() / (_VAD_FFT * FRAME)
    if mean_power <= 10 ** (_SILENCE_DBFS / 10):
        return _SILENCE_DBFS, 0.0
    correlation = fft.irfft(power)
    peak = (correlation[_LAGS] / (1 - np.arange(FRAME) / FRAME)[_LAGS]).max()
    return float(10 * np.log10(mean_power)), float(peak / correlation[0])


def align(image: Pixels, landmarks: NDArray[np.floating]) -> Pixels:
    """Cut out one face, as `model.runtime.align.align` does; all of the picture is shrunk."""
    target = alignment.TEMPLATE
    transform = similarity(landmarks, target)
    times = int(1 / max(np.hypot(transform[0, 0], transform[1, 0]), 1e-3))
    if times > 1:
        height, width = image.shape[:2]
        missing = -height % times, -width % times
        image = np.pad(image, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
        size = (image.shape[1] // times, image.shape[0] // times)
        transform = similarity((landmarks + 0.5) / times - 0.5, target)
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    side = (alignment.CROP_SIDE_PX, alignment.CROP_SIDE_PX)
    return np.asarray(cv2.warpAffine(image, transform, side, flags=cv2.INTER_LINEAR), np.uint8)


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """Least-squares rotation, scale and shift (Umeyama 1991, in the plane), shape (2, 3)."""
    z = source[:, 0].astype(np.float64) + 1j * source[:, 1]
    w = target[:, 0].astype(np.float64) + 1j * target[:, 1]
    centred = z - z.mean()
    a = np.vdot(centred, w - w.mean()) / np.vdot(centred, centred).real
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def crop_quality(crop: Pixels) -> CropQuality:
    """Sharpness (Pech-Pacheco et al. 2000), brightness and contrast of a crop."""
    grey = crop.astype(np.float32) @ _GREY_OF_RGB
    padded = np.pad(grey, 1, mode="reflect")
    ring = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    laplacian = ring - 4 * grey
    return CropQuality(float(laplacian.var()), float(grey.mean()) / 255, float(grey.std()) / 255)


def _matrix(tensor: Floats) -> Floats:
    """From inputs to outputs."""
    return np.ascontiguousarray(tensor.reshape(len(tensor), -1).T)


def _by_three(features: Floats, stride: int) -> Floats:
    """Each moment with its neighbours, zeros past the ends: (n, t, c) to (n, t', 3 * c)."""
    padded = np.pad(features, ((0, 0), (1, 1), (0, 0)))
    near = sliding_window_view(padded, 3, axis=1)[:, ::stride]
    count, steps, *_ = near.shape
    return near.transpose(0, 1, 3, 2).reshape(count, steps, -1)
