"""Media items made of arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from stream_verifier.media.types import SAMPLE_RATE_HZ, AudioChunk, VideoFrame

Pixels = NDArray[np.uint8]
Samples = NDArray[np.int16]


def noise(seconds: float, dbfs: float, *, exponent: float = 0.0, seed: int = 0) -> Samples:
    """Noise whose power falls with frequency to the power of ``exponent`` (0 white, 1 pink)."""
    count = round(seconds * SAMPLE_RATE_HZ)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1.0) ** (exponent / 2)
    signal = np.fft.irfft(spectrum, count)
    scaled = signal / signal.std() * 32768 * 10 ** (dbfs / 20)
    return np.asarray(np.clip(scaled, -32768, 32767), np.int16)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), np.int16)


def chunked(
    samples: Samples, sizes: Iterable[int] = (320,), *, start_s: float = 0.0
) -> Iterator[AudioChunk]:
    """Cut sound into chunks of these sizes, over and over."""
    at = 0
    for size in cycle(sizes):
        if at >= len(samples):
            return
        yield AudioChunk(samples[at : at + size], start_s + at / SAMPLE_RATE_HZ)
        at += size


def video(
    image: Pixels, seconds: float, *, rate_hz: float = 2.0, start_s: float = 0.0
) -> Iterator[VideoFrame]:
    """The same picture at a steady rate."""
    for number in range(round(seconds * rate_hz)):
        yield VideoFrame(image, start_s + number / rate_hz)
