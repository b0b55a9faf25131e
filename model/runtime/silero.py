"""How likely sound is speech: Silero's voice activity network (MIT), in NumPy.

The network is small enough that calling an interpreter would cost more than its arithmetic: the
magnitudes of a Fourier transform, four convolutions over time, and an LSTM cell that remembers
what was heard before. https://github.com/snakers4/silero-vad, version 6.2.3, 16 kHz.

A call brings one step at a time, whose arithmetic costs less than making arrays for it would:
what repeats writes into buffers that are made once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from scipy.special import expit

from model.errors import WeightsError
from model.runtime.weights import Weights

CHUNK = 576
"""Samples that the network looks at in a step: its training's 512 new ones and 64 before them."""
_FFT, _HOP, _PAD = 256, 128, 64
_FRAMES = (CHUNK + _PAD - _FFT) // _HOP + 1
_BINS = _FFT // 2 + 1
_SIZE = 128
_BLOCK = 16
"""Steps computed at once where so many come at once, as out of a recording."""
_DOUBLED = np.repeat(np.array([1, 1, 2, 1], np.float32), _SIZE)
"""The LSTM's candidate doubled: tanh(x) is 2 sigmoid(2 x) - 1, so that all gates are sigmoids."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SileroWeights:
    """The tensors of the network, float32, as its arithmetic takes them.

    Attributes:
        window: of the Fourier transform, shape (256,), for int16 samples.
        convolutions: kernel and bias (outputs,) of each, in order; a kernel is a matrix from the
            inputs at up to three moments, the earliest first, to the outputs.
        inward, onward, bias: of the LSTM cell's gates, shapes (128, 512), (128, 512), (512,).
        readout, offset: of the last layer, shapes (128,), ().
    """

    window: Array
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
        # Strides of 1, 2, 2 and 1 make 4, 2, 1 and 1 moments of four frames. All that the third
        # convolution sees before its two inputs, and the fourth around its only one, is padding.
        taps = (slice(0, 3), slice(0, 3), slice(1, 3), slice(1, 2))
        kernels = [tensors[f"conv{number}.weight"] for number in range(len(taps))]
        return cls(
            window=tensors["stft.weight"][0, 0] / np.float32(32768),  # the cosine of no waves is 1
            convolutions=tuple(
                (_across(kernel.transpose(0, 2, 1)[:, seen]), tensors[f"conv{number}.bias"])
                for number, (kernel, seen) in enumerate(zip(kernels, taps, strict=True))
            ),
            inward=_across(tensors["lstm.weight_ih"]) * _DOUBLED,
            onward=_across(tensors["lstm.weight_hh"]) * _DOUBLED,
            bias=(tensors["lstm.bias_ih"] + tensors["lstm.bias_hh"]) * _DOUBLED,
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
        self._encoder = _Encoder(self._weights, step, 1)
        self._cell: Array = np.zeros(_SIZE, np.float32)
        self._hidden: Array = np.zeros(_SIZE, np.float32)
        self._gates: Array = np.zeros(4 * _SIZE, np.float32)
        self._before: Array = np.zeros(CHUNK - step, np.float32)

    def reset(self) -> None:
        """Forget everything heard."""
        for memory in (self._before, self._hidden, self._cell):
            memory.fill(0)

    def push(self, samples: NDArray[np.int16]) -> Array:
        """Take the next sound.

        Args:
            samples: int16, shape (n,), n a multiple of the step, mono at 16 kHz.

        Returns:
            Probability of speech after each step, float32, shape (n / step,).
        """
        count = len(samples) // self._step
        many = _Encoder(self._weights, self._step, _BLOCK) if count >= _BLOCK else None
        said: Array = np.empty(count, np.float32)
        at = 0
        while at < count:
            encoder = many if many and count - at >= _BLOCK else self._encoder
            new = samples[at * self._step : (at + encoder.count) * self._step]
            for gates in encoder.gates(new, self._before):
                self._remember(gates)
                said[at] = np.maximum(self._hidden, 0, out=encoder.heard) @ self._weights.readout
                at += 1
        said += self._weights.offset
        return np.asarray(expit(said, out=said))

    def _remember(self, inward: Array) -> None:
        """One step of the LSTM cell (Hochreiter and Schmidhuber 1997)."""
        gates = np.matmul(self._hidden, self._weights.onward, out=self._gates)
        gates += inward
        expit(gates, out=gates)
        enter, keep, candidate, leave = gates.reshape(4, _SIZE)
        candidate *= 2
        candidate -= 1
        candidate *= enter
        self._cell *= keep
        self._cell += candidate
        np.tanh(self._cell, out=self._hidden)
        self._hidden *= leave


class _Encoder:
    """What the LSTM cell is told of each step's sound, for so many steps at once.

    Args:
        weights: of the network.
        step: new samples in each step.
        count: of steps.
    """

    def __init__(self, weights: SileroWeights, step: int, count: int) -> None:
        self.count = count
        self.heard: Array = np.zeros(_SIZE, np.float32)
        self._weights = weights
        self._sound: Array = np.zeros(CHUNK - step + count * step, np.float32)
        self._framed: Array = np.zeros((count, _FRAMES, _FFT), np.float32)
        self._cuts = self._cut(step)
        # NumPy's stub knows of double precision alone.
        self._spectra: Any = np.zeros((count, _FRAMES, _BINS), np.complex64)
        widths = [len(bias) for _, bias in weights.convolutions]
        # Both have a moment of padding on either side.
        self._frames: Array = np.zeros((count, _FRAMES + 2, _BINS), np.float32)
        self._first: Array = np.zeros((count, _FRAMES + 2, widths[0]), np.float32)
        self._near_frames = _by_three(self._frames, stride=1)
        self._near_first = _by_three(self._first, stride=2)
        self._second: Array = np.zeros((count, _FRAMES // 2, widths[1]), np.float32)
        self._third: Array = np.zeros((count, widths[2]), np.float32)
        self._fourth: Array = np.zeros((count, widths[3]), np.float32)
        self._gates: Array = np.zeros((count, 4 * _SIZE), np.float32)

    def gates(self, samples: NDArray[np.int16], before: Array) -> Array:
        """Encode the next sound.

        Args:
            samples: int16, shape (count * step,).
            before: the sound before it, shape (576 - step,); the newest sound afterwards.

        Returns:
            Shape (count, 512), what it adds to the gates; good until the next call.
        """
        overlap = len(before)
        self._sound[:overlap] = before
        self._sound[overlap:] = samples
        before[:] = self._sound[len(self._sound) - overlap :]
        self._transform()
        outputs = (self._first[:, 1:-1], self._second, self._third, self._fourth)
        inputs = (
            self._near_frames,
            self._near_first,
            self._second.reshape(self.count, -1),
            self._third,
        )
        for seen, (kernel, bias), out in zip(
            inputs, self._weights.convolutions, outputs, strict=True
        ):
            np.matmul(seen, kernel, out=out)
            out += bias
            np.maximum(out, 0, out=out)
        np.matmul(self._fourth, self._weights.inward, out=self._gates)
        self._gates += self._weights.bias
        return self._gates

    def _transform(self) -> None:
        """Magnitudes of the frames' spectra."""
        for sound, window, framed in self._cuts:
            np.multiply(sound, window, out=framed)
        np.fft.rfft(self._framed, out=self._spectra)
        np.abs(self._spectra, out=self._frames[:, 1:-1])

    def _cut(self, step: int) -> tuple[tuple[Array, Array, Array], ...]:
        """Sound, window and place of the frames; the last one's end mirrors the chunk's."""
        chunks = as_strided(self._sound, (self.count, CHUNK), (4 * step, 4))
        whole = as_strided(chunks, (self.count, _FRAMES - 1, _FFT), (4 * step, 4 * _HOP, 4))
        within = _FFT - _PAD
        window, framed = self._weights.window, self._framed
        return (
            (whole, window, framed[:, :-1]),
            (chunks[:, CHUNK - within :], window[:within], framed[:, -1, :within]),
            (chunks[:, -2 : -2 - _PAD : -1], window[within:], framed[:, -1, within:]),
        )


@lru_cache(maxsize=1)
def shipped_weights() -> SileroWeights:
    """The package's own, read once."""
    return SileroWeights.load(Weights.load().path("speech_detector"))


def _across(tensor: NDArray[Any]) -> Array:
    """As a matrix from inputs to outputs."""
    return np.ascontiguousarray(tensor.reshape(len(tensor), -1).T)


def _by_three(padded: Array, stride: int) -> Array:
    """View each moment beside its neighbours: (n, t + 2, c) to (n, t', 3 * c)."""
    count, moments, channels = padded.shape
    shape = (count, (moments - 3) // stride + 1, 3 * channels)
    across, along, item = padded.strides
    return as_strided(padded, shape, (across, stride * along, item))
