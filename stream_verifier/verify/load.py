"""What the worker did, and what it would have had to do: counted for admission and for metrics."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, replace
from itertools import accumulate

LAG_BOUNDS_S = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 5.0)
"""Upper edges of the bins that lags are counted in; a last bin has what is above."""
_SMOOTHING = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Counts since the start.

    Attributes:
        hearing_s: the worker's time for taking media in.
        scoring_s: and for scoring windows.
        wanted_s: what scoring all windows would have taken; with ``hearing_s`` it is the demand.
        heard: turns of taking media in.
        late: of these, so many that came so late that looks and bursts of pictures are spared.
        scored: windows that were scored.
        spared: of these, so many whose voice gave way.
        skipped: windows that were not scored in time.
        unheard_s: sound that was dropped before it was heard, since the worker was behind.
        lags: scored windows by their lag, a count for each bin of `LAG_BOUNDS_S` and one more.
        lag_total_s: sum of their lags: from the arrival of a window's newest media to its score.
        lag_s: a running mean of it; 0 before any.
    """

    hearing_s: float = 0.0
    scoring_s: float = 0.0
    wanted_s: float = 0.0
    heard: int = 0
    late: int = 0
    scored: int = 0
    spared: int = 0
    skipped: int = 0
    unheard_s: float = 0.0
    lags: tuple[int, ...] = (0,) * (len(LAG_BOUNDS_S) + 1)
    lag_total_s: float = 0.0
    lag_s: float = 0.0

    @property
    def lags_up_to(self) -> list[tuple[str, int]]:
        """How many lags were no longer than each bound, and than any."""
        bounds = [*map(str, LAG_BOUNDS_S), "+Inf"]
        return list(zip(bounds, accumulate(self.lags), strict=True))

    @property
    def worked_s(self) -> float:
        """The worker's time for both."""
        return self.hearing_s + self.scoring_s

    @property
    def demand_s(self) -> float:
        """What the worker would have needed to score every window."""
        return self.hearing_s + self.wanted_s


class LoadMeter:
    """Counts turns; used by one thread at a time, read from any."""

    def __init__(self) -> None:
        self.load = Load()
        self._score_cost_s = 0.0

    def heard(self, cost_s: float, *, unheard_s: float = 0.0, late: bool = False) -> None:
        """Count a turn of hearing, and the seconds of sound that were dropped before it."""
        load = self.load
        self.load = replace(
            load,
            hearing_s=load.hearing_s + cost_s,
            heard=load.heard + 1,
            late=load.late + late,
            unheard_s=load.unheard_s + unheard_s,
        )

    def scored(self, cost_s: float, *, lag_s: float, spared: bool) -> None:
        """Count a window that was scored."""
        if not spared:
            self._score_cost_s += _SMOOTHING * (cost_s - self._score_cost_s)
        load = self.load
        bins = list(load.lags)
        bins[bisect.bisect_left(LAG_BOUNDS_S, lag_s)] += 1
        self.load = replace(
            load,
            scoring_s=load.scoring_s + cost_s,
            wanted_s=load.wanted_s + cost_s,
            scored=load.scored + 1,
            spared=load.spared + spared,
            lags=tuple(bins),
            lag_total_s=load.lag_total_s + lag_s,
            lag_s=lag_s if load.scored == 0 else load.lag_s + _SMOOTHING * (lag_s - load.lag_s),
        )

    def skipped(self, windows: int = 1) -> None:
        """Count windows that nobody had time for; they would have cost what others do."""
        if not windows:
            return
        load = self.load
        self.load = replace(
            load,
            wanted_s=load.wanted_s + windows * self._score_cost_s,
            skipped=load.skipped + windows,
        )
