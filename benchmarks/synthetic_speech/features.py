"""What detectors see of a piece: power, and how ordered its phases are, whatever their origin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.data.media import Samples

_FFT, _WINDOW, _HOP = 512, 400, 160
BANDS = 64
MAPS = 3
_TINY = 1e-8
Maps = NDArray[np.float16]
Floats = NDArray[np.float64]


def maps(samples: Samples) -> Maps:
    """Three maps of a piece over time and 64 bands of 125 Hz, shape (frames, 64, 3).

    The first is log power without each band's mean, which is the speaker's and the microphone's.
    The second says how much of a frame's energy lies at one instant (neighbouring bins turn alike),
    the third how steadily a band turns from frame to frame; both are 0 to 1, whatever the delay.
    """
    framed = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), _WINDOW)[::_HOP]
    spectra = np.fft.rfft(framed * np.hanning(_WINDOW), _FFT)
    power = np.log(_banded(np.abs(spectra[:, :-1]) ** 2) + _TINY)
    instant = _order(spectra[:, 1:] * spectra[:, :-1].conj())
    turned = np.exp(-2j * np.pi * _HOP * np.arange(_FFT // 2 + 1) / _FFT)
    steps = spectra[1:] * spectra[:-1].conj() * turned
    steady = _order(steps[:, :-1])
    found = [(power - power.mean(axis=0))[1:], instant[1:], steady]
    return np.stack(found, axis=-1).astype(np.float16)


def statistics(found: Maps) -> NDArray[np.float32]:
    """Means, spreads and mean steps of a piece's maps over time, shape (576,)."""
    wide = found.astype(np.float32)
    steps = np.abs(np.diff(wide, axis=0)).mean(axis=0)
    return np.concatenate([part.ravel() for part in (wide.mean(axis=0), wide.std(axis=0), steps)])


def _banded(bins: Floats) -> Floats:
    return np.asarray(bins.reshape(len(bins), BANDS, -1).mean(axis=-1))


def _order(turns: NDArray[np.complex128]) -> Floats:
    grouped = turns.reshape(len(turns), BANDS, -1)
    return np.asarray(np.abs(grouped.sum(axis=-1)) / (np.abs(grouped).sum(axis=-1) + _TINY))
