"""Sequences of pale colours, and which of them the light on a face follows.

All that could have been drawn are laid over what was seen, so that how well the right one fits has
a chance that is known: of whoever does not see the screen, whatever he shows, a share of one in so
many comes among the best so many.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

COLOURS = ("#aacbff", "#e0cb89", "#aad7aa", "#e7bcf3")
"""Blue, yellow, green, violet: of one luminance within 2 %, so that nothing flashes, and none of
them red."""
_LIGHT = np.array([[0.4, 0.6, 1.0], [0.75, 0.6, 0.25], [0.4, 0.68, 0.4], [0.8, 0.5, 0.9]])
"""The same as linear light: red, green, blue."""
_FADE_S = 0.2
"""That a display and a camera take from one colour to the next."""
_DELAYS_S = np.arange(0.0, 1.01, 0.1)
_LATE_S = np.arange(1.1, 3.01, 0.1)
_LEAST_RATE_HZ = 5.0
_TREND = 3
"""Constant, slope and bend are the white balance's, or the evening's."""

Trace = NDArray[np.float64]
"""Shape (pictures, 2): logs of red and blue over green."""
Codes = NDArray[np.intp]
"""Shape (colours,): which of ``COLOURS``, one after the other."""


def light_of_colours() -> NDArray[np.float64]:
    """Of each of ``COLOURS``, linear red, green and blue, shape (4, 3)."""
    return _LIGHT.copy()


def _chroma() -> NDArray[np.float64]:
    """How each colour shows on what as much other light falls on, shape (4, 2)."""
    red, green, blue = np.log1p(_LIGHT).T
    chroma = np.stack([red - green, blue - green], axis=1)
    return np.asarray(chroma - chroma.mean(axis=0))


_CHROMA = _chroma()


@cache
def sequences(length: int) -> NDArray[np.intp]:
    """All that may be drawn: no colour twice in a row; shape (4 * 3 ** (length - 1), length)."""
    rows = np.arange(len(COLOURS))[:, None]
    for _ in range(length - 1):
        steps = np.tile(np.arange(1, len(COLOURS)), len(rows))[:, None]
        before = np.repeat(rows, len(COLOURS) - 1, axis=0)
        rows = np.hstack([before, (before[:, -1:] + steps) % len(COLOURS)])
    return rows


def against(face: Trace, behind: Trace) -> Trace:
    """A face's trace without what the background shares with it, such as white balance.

    As much is taken away as explains most, all of it at most: a background that moves by itself
    says little about the light on a face.
    """
    trend = np.linalg.qr(np.vander(np.linspace(-0.5, 0.5, len(face)), _TREND))[0]
    one, other = (trace - trend @ (trend.T @ trace) for trace in (face, behind))
    size = np.maximum(1e-12, (other * other).sum(axis=0))
    shared = np.clip((one * other).sum(axis=0) / size, 0, 1)
    return np.asarray(face - behind * shared, np.float64)


@dataclass(frozen=True, slots=True)
class Follows:
    """How light follows a sequence.

    Attributes:
        rank: how many of all sequences fit as well or better, itself among them.
        of: how many there are.
        delay_s: by which it fits best.
        fit: share of what varies that it explains, 0 to 1.
        best: the same of the sequence that fits best.
        gain: how far the light goes with it, in units of ``_CHROMA``.
    """

    rank: int
    of: int
    delay_s: float
    fit: float
    best: float
    gain: float

    def among(self, most: int) -> bool:
        """Whether the sequence is among so many that fit best."""
        return self.rank <= most


class Matcher:
    """Lays sequences over what was seen.

    Args:
        times_s: of pictures, from when the first colour was to come; ascending.
        codes: the sequence that was shown.
        each_s: for how long each colour is shown.
    """

    def __init__(self, times_s: NDArray[np.float64], codes: Codes, *, each_s: float) -> None:
        self._times_s = times_s
        self._all = sequences(len(codes))
        self._drawn = int(np.flatnonzero((self._all == codes).all(axis=1))[0])
        self._each_s = each_s
        self._last_s = each_s * len(codes)

    def follows(self, trace: Trace, *, late: bool = False) -> Follows | None:
        """How a trace follows the sequence, by that delay by which each fits best.

        Args:
            trace: of as many pictures.
            late: look only among delays that are longer than a screen and a network take.

        Returns:
            None where there are too few pictures.
        """
        delays = _LATE_S if late else _DELAYS_S
        fits = ((delay, self._fit(trace, delay)) for delay in delays)
        known = [(delay, fit) for delay, fit in fits if fit is not None]
        if not known:
            return None
        scores = np.stack([fit for _, fit in known])
        best = scores.max(axis=0)
        at = int(scores[:, self._drawn].argmax())
        mine = float(best[self._drawn])
        return Follows(
            rank=int((best >= mine).sum()),
            of=len(self._all),
            delay_s=float(known[at][0]),
            fit=mine,
            best=float(best.max()),
            gain=self.gain(trace, float(known[at][0])),
        )

    def gain(self, trace: Trace, delay_s: float) -> float:
        """How far a trace goes with the sequence that was shown, at this delay."""
        return float(self._gains(trace, delay_s, self._all[self._drawn : self._drawn + 1])[0])

    def unsure(self, trace: Trace, delay_s: float) -> float:
        """How far it goes with sequences that were not shown: by so much a gain may be wrong."""
        return float(self._gains(trace, delay_s, self._all).std())

    def _gains(self, trace: Trace, delay_s: float, some: Codes) -> NDArray[np.float64]:
        """How far a trace goes with each of some sequences, shape (n, colours)."""
        laid = self._lay(trace, delay_s)
        if laid is None:
            return np.zeros(len(some))
        slots, left = laid
        model = _CHROMA[some]
        dot = np.einsum("ijk,jk->i", model, slots.T @ left)
        size = np.einsum("ijk,jl,ilk->i", model, slots.T @ slots, model, optimize=True)
        return np.asarray(dot / np.maximum(1e-12, size))

    def _fit(self, trace: Trace, delay_s: float) -> NDArray[np.float64] | None:
        """The share that each sequence explains, with a gain of its own in red and in blue."""
        laid = self._lay(trace, delay_s)
        if laid is None:
            return None
        slots, left = laid
        shared, gram = slots.T @ left, slots.T @ slots
        energy = (left * left).sum(axis=0)
        unexplained = np.ones(len(self._all))
        for channel in range(2):
            model = _CHROMA[self._all, channel]
            dot = np.maximum(0.0, model @ shared[:, channel])
            size = np.einsum("ij,ij->i", model @ gram, model) * max(1e-12, float(energy[channel]))
            unexplained *= 1 - dot * dot / np.maximum(1e-12, size)
        return 1 - np.sqrt(np.maximum(0.0, unexplained))

    def _lay(
        self, trace: Trace, delay_s: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """When each colour was shown, and the trace, both without their trend."""
        since = self._times_s - delay_s
        inside = (since >= 0) & (since < self._last_s)
        if inside.sum() < _LEAST_RATE_HZ * self._last_s:
            return None
        since, seen = since[inside], trace[inside]
        starts = self._each_s * np.arange(self._all.shape[1])
        begun = np.clip((since[:, None] - starts) / _FADE_S, 0, 1)
        begun[:, 0] = 1.0
        slots = begun - np.hstack([begun[:, 1:], np.zeros((len(since), 1))])
        trend = np.linalg.qr(np.vander(since / self._last_s - 0.5, _TREND))[0]
        return slots - trend @ (trend.T @ slots), seen - trend @ (trend.T @ seen)
