"""Speech as a picture: a mel spectrogram in colours, as the ancestor's voice network saw it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.data.media import SAMPLE_RATE_HZ, Picture, Samples
from model.training.extras import require

PIECE_S = 2.0
PIECE = int(PIECE_S * SAMPLE_RATE_HZ)
LEAST = SAMPLE_RATE_HZ // 2
SIDE_PX = 128
COLOURS = "magma"
_HOP = PIECE // SIDE_PX
_FFT = 1024
_RANGE_DB = 80.0


def pieces(samples: Samples) -> list[Samples]:
    """Cut speech into pieces of 2 s, one after the other.

    A rest of under half a second is left out. Speech of under 2 s, down to half a second, is
    repeated to 2 s; less gives nothing.
    """
    whole = [samples[at : at + PIECE] for at in range(0, len(samples) - PIECE + 1, PIECE)]
    rest = samples[len(whole) * PIECE :]
    return whole if whole or len(rest) < LEAST else [np.resize(rest, PIECE)]


def picture(piece: Samples) -> Picture:
    """Draw a piece's mel spectrogram.

    Args:
        piece: float32, shape (32000,), 2 s at 16 kHz.

    Returns:
        uint8, shape (128, 128, 3), RGB: low frequencies at the bottom, time to the right, the
        loudest 80 dB in matplotlib's "magma".

    Raises:
        MissingExtraError: librosa or matplotlib is not installed.
    """
    padded = np.pad(piece, (_FFT // 2, _FFT // 2))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP][:SIDE_PX]
    power = np.abs(np.fft.rfft(frames * np.hanning(_FFT))) ** 2
    level_db = 10 * np.log10(np.maximum(_mel() @ power.T, 1e-10))
    share = np.clip((level_db - level_db.max()) / _RANGE_DB + 1, 0, 1)
    indices = np.round(255 * share[::-1]).astype(np.intp)
    return np.ascontiguousarray(_colours()[indices])


@cache
def _mel() -> NDArray[np.float32]:
    require("librosa")
    from librosa.filters import mel

    return np.asarray(mel(sr=SAMPLE_RATE_HZ, n_fft=_FFT, n_mels=SIDE_PX), dtype=np.float32)


@cache
def _colours() -> NDArray[np.uint8]:
    require("matplotlib")
    from matplotlib import colormaps

    table: Any = colormaps[COLOURS](np.arange(256))
    return np.asarray(np.round(255 * table[:, :3]), dtype=np.uint8)
