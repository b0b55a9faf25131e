"""Noise of a sensor and traces of an earlier codec, looked for in pictures that a call brought."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.cameras.coding import Pictures

BLOCK = 8
_QUIET = 0.2
_PERIODS = slice(10, 31)


def noise(pictures: Pictures) -> float:
    """Grey levels by which quiet parts change from picture to picture, as one picture's noise.

    The quietest fifth of all 8x8 blocks counts: what moves there is the sensor and the codec.
    """
    steps = np.diff(pictures.astype(np.float32), axis=0)
    blocks = _blocks(np.square(steps)).mean(axis=(0, 2, 4))
    return float(np.sqrt(np.quantile(blocks, _QUIET) / 2))


def grid(pictures: Pictures) -> float:
    """How much steeper pictures are across edges of 8x8 blocks than elsewhere; 1: no more."""
    grey = pictures.astype(np.float32)
    found = []
    for axis in (1, 2):
        steep = np.abs(np.diff(grey, axis=axis)).mean(axis=(0, 3 - axis))
        edge = np.arange(len(steep)) % BLOCK == BLOCK - 1
        found.append(float(steep[edge].mean() / max(float(steep[~edge].mean()), 1e-6)))
    return float(np.mean(found))


def period(pictures: Pictures) -> float:
    """How much fine detail comes and goes at one even distance, as key frames make it do.

    The height of the highest line at periods of 10 to 30 pictures over the median line.
    """
    grey = pictures.astype(np.float32)
    detail = np.log(np.abs(np.diff(grey, axis=2)).mean(axis=(1, 2)) + 1e-3)
    steps = np.abs(np.diff(detail - _smooth(detail)))
    own = np.correlate(steps - steps.mean(), steps - steps.mean(), "full")[len(steps) - 1 :]
    lines = own[_PERIODS] / max(float(own[0]), 1e-9)
    return float(lines.max() - np.median(lines)) if len(lines) else 0.0


def _blocks(values: NDArray[np.float32]) -> NDArray[np.float32]:
    count, height, width = values.shape
    rows, columns = height // BLOCK, width // BLOCK
    cut = values[:, : rows * BLOCK, : columns * BLOCK]
    return cut.reshape(count, rows, BLOCK, columns, BLOCK)


def _smooth(values: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.convolve(np.pad(values, 2, mode="edge"), np.ones(5) / 5, "valid")
