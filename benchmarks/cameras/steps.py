"""What the times of a stream's pictures say about who dated them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

TICKS_A_MS = 90


@dataclass(frozen=True)
class Steps:
    """Figures of one stream's RTP timestamps.

    Attributes:
        pictures: how many.
        rate_hz: pictures a second.
        whole_ms: share of steps from picture to picture that are whole milliseconds.
        jitter_ms: how far pictures lie from the nearest even grid, root mean square.
        standing: steps of nothing, or backwards.
    """

    pictures: int
    rate_hz: float
    whole_ms: float
    jitter_ms: float
    standing: int


def steps(ticks: Sequence[int]) -> Steps:
    """Measure a stream.

    Args:
        ticks: RTP timestamps of its pictures at 90 kHz, unwrapped, in the order in which they came.

    Raises:
        ValueError: fewer than three pictures.
    """
    if len(ticks) < 3:
        raise ValueError(f"{len(ticks)} pictures have no steps to measure: let it run for longer")
    gaps = np.diff(np.asarray(ticks, np.int64))
    place = np.concatenate(([0], np.cumsum(np.maximum(1, np.rint(gaps / np.median(gaps))))))
    times_ms = (np.asarray(ticks) - ticks[0]) / TICKS_A_MS
    line = np.polyfit(place, times_ms, 1)
    off_ms = times_ms - np.polyval(line, place)
    return Steps(
        pictures=len(ticks),
        rate_hz=float(1000 * (len(ticks) - 1) / times_ms[-1]),
        whole_ms=float((np.remainder(gaps, TICKS_A_MS) == 0).mean()),
        jitter_ms=float(np.sqrt(np.square(off_ms).mean())),
        standing=int((gaps <= 0).sum()),
    )
