"""How likely sound is speech: Silero's voice activity network (MIT), in NumPy.

The network is small enough that calling an interpreter would cost more than its arithmetic: the
magnitudes of a Fourier transform, four convolutions over time, and an LSTM cell that remembers
what was heard before. https://github.com/snakers4/silero-vad, version 6.2.3, 16 kHz.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.special import expit

from model.errors import WeightsError
from model.runtime.weights import Weights

CHUNK = 576
"""Samples that the network looks at in a step: its training's 512 new ones and 64 before them."""
_FFT, _HOP, _PAD = 256, 128, 64
_STRIDES = (1, 2, 2, 1)
_SIZE = 128

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SileroWeights:
    """The tensors of the network, float32.

    Attributes:
        basis: windowed cosines and sines of a Fourier transform, shape (256, 258).
        convolutions: kernel (3 * inputs, outputs) and bias (outputs,) of each, in order.
        inward, onward, bias: of the LSTM cell's gates, shapes (128, 512), (128, 512), (512,).
        readout, offset: of the last layer, shapes (128,), ().
    """

    basis: Array
    convolutions: tuple[tuple[Array, Array], ...]
    inward: Array
    onward: Array
    bias: Array
    readout: Array
    offset: Array

    @classmethod
    def load(cls, path: Path) -> SileroWeights:
        """Read what ``python -m model weights`` wrote.

        Raises:
            WeightsError: the file is no such archive.
        """
        try:
            with np.load(path, allow_pickle=False) as archive:
                tensors = {name: np.asarray(archive[name], np.float32) for name in archive.files}
            return cls._of(tensors)
        except (OSError, ValueError, KeyError) as error:
            raise WeightsError(f"{path} holds no speech network: reinstall the package") from error

    @classmethod
    def _of(cls, tensors: dict[str, Array]) -> SileroWeights:
        kernels = [tensors[f"conv{number}.weight"] for number in range(len(_STRIDES))]
        return cls(
            basis=_across(tensors["stft.weight"][:, 0]),
            convolutions=tuple(
                (_across(kernel.transpose(0, 2, 1)), tensors[f"conv{number}.bias"])
                for number, kernel in enumerate(kernels)
            ),
            inward=_across(tensors["lstm.weight_ih"]),
            onward=_across(tensors["lstm.weight_hh"]),
            bias=tensors["lstm.bias_ih"] + tensors["lstm.bias_hh"],
            readout=tensors["readout.weight"][0, :, 0],
            offset=tensors["readout.bias"][0],
        )


class SpeechNetwork:
    """Listens to one stream of sound and gives the probability of speech, step by step.

    The steps may be shorter than the 512 samples that the network was trained with, so that they
    coincide with the frames of other detectors; the sound that it looks at then overlaps a little.
    """

    def __init__(self, weights: SileroWeights | None = None, *, step: int) -> None:
        """Start before the first sound.

        Args:
            weights: of the network; the shipped ones by default.
            step: new samples in each step, up to ``CHUNK``.
        """
        self._weights = weights or shipped_weights()
        self._step = step
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self._before: Array = np.zeros(CHUNK - self._step, np.float32)
        self._hidden: Array = np.zeros(_SIZE, np.float32)
        self._cell: Array = np.zeros(_SIZE, np.float32)

    def push(self, samples: NDArray[np.int16]) -> Array:
        """Take the next sound.

        Args:
            samples: int16, shape (n,), n a multiple of the step, mono at 16 kHz.

        Returns:
            Probability of speech after each step, float32, shape (n / step,).
        """
        if not len(samples):
            return np.zeros(0, np.float32)
        new = samples.astype(np.float32) / 32768
        sound: Array = np.concatenate((self._before, new))
        self._before = sound[len(sound) - len(self._before) :]
        chunks = sliding_window_view(sound, CHUNK)[:: self._step]
        inward = self._encode(chunks) @ self._weights.inward + self._weights.bias
        hidden = np.stack([self._remember(gates) for gates in inward])
        said = np.maximum(hidden, 0) @ self._weights.readout + self._weights.offset
        return np.asarray(expit(said), np.float32)

    def _encode(self, chunks: NDArray[np.float32]) -> Array:
        """Features of each chunk by itself, shape (n, 128)."""
        padded = np.pad(chunks, ((0, 0), (0, _PAD)), mode="reflect")
        spectra = sliding_window_view(padded, _FFT, axis=1)[:, ::_HOP] @ self._weights.basis
        real, imaginary = np.split(spectra, 2, axis=-1)
        features: Array = np.hypot(real, imaginary)
        for (kernel, bias), stride in zip(self._weights.convolutions, _STRIDES, strict=True):
            features = np.maximum(_by_three(features, stride) @ kernel + bias, 0)
        return features[:, 0]

    def _remember(self, inward: Array) -> Array:
        """One step of the LSTM cell (Hochreiter and Schmidhuber 1997)."""
        gates = inward + self._hidden @ self._weights.onward
        enter, keep, candidate, leave = gates.reshape(4, _SIZE)
        self._cell = expit(keep) * self._cell + expit(enter) * np.tanh(candidate)
        self._hidden = expit(leave) * np.tanh(self._cell)
        return self._hidden


@lru_cache(maxsize=1)
def shipped_weights() -> SileroWeights:
    """The package's own, read once."""
    return SileroWeights.load(Weights.load().path("speech_detector"))


def _across(tensor: NDArray[Any]) -> Array:
    """As a matrix from inputs to outputs."""
    return np.ascontiguousarray(tensor.reshape(len(tensor), -1).T)


def _by_three(features: Array, stride: int) -> Array:
    """Each time step with its neighbours, zeros past the ends: (n, t, c) to (n, t', 3 * c)."""
    padded = np.pad(features, ((0, 0), (1, 1), (0, 0)))
    near = sliding_window_view(padded, 3, axis=1)[:, ::stride]
    count, steps, *_ = near.shape
    return near.transpose(0, 1, 3, 2).reshape(count, steps, -1)
