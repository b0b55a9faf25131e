"""What became of one number of calls, in figures."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.overload.calls import SETTLED_S, Call, Run
from stream_verifier.events.schema import Score, State

HEAD = (
    "| calls | demand | verified | the worst off | rejected | scores | unscored, s "
    "| looks | lag p95 / most, s | unheard | swaps noticed p50 / p95, s |"
)
"""Of the table of rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one number of calls.

    Attributes:
        calls: how many.
        demand: what scoring everything would have taken of the worker's time.
        verified, least: share of their time in which genuine calls are, all and the worst off.
        rejected: genuine calls that ever were.
        scores: windows scored, a second and call.
        unscored_s: for how long a call at most had no score.
        looks: at pictures, a second and call.
        bursts_dropped: pictures of bursts that there was no time for, in all.
        lag_p95_s, lag_most_s: from the arrival of a window's newest media until it was told, scored
            or not.
        unheard: share of the sound that the worst off lost.
        noticed_s: each swap's delay, sorted.
    """

    calls: int
    demand: float
    verified: float
    least: float
    rejected: int
    scores: float
    unscored_s: float
    looks: float
    bursts_dropped: int
    lag_p95_s: float
    lag_most_s: float
    unheard: float
    noticed_s: tuple[float, ...]

    @property
    def line(self) -> str:
        """As a row of the table."""
        noticed = [_told(one) for one in (_at(self.noticed_s, 0.5), _at(self.noticed_s, 0.95))]
        return (
            f"| {self.calls} | {self.demand:.1f} | {self.verified:.0%} | {self.least:.0%} "
            f"| {self.rejected} | {self.scores:.2f} | {self.unscored_s:.1f} | {self.looks:.2f} "
            f"| {self.lag_p95_s:.2f} / {self.lag_most_s:.2f} "
            f"| {self.unheard:.0%} | {' / '.join(noticed)} |"
        )


def _at(values: Sequence[float], share: float) -> float:
    return values[math.ceil(share * len(values)) - 1] if values else math.nan


def _told(value_s: float) -> str:
    return "∞" if math.isinf(value_s) else "–" if math.isnan(value_s) else f"{value_s:.1f}"


def figures_of(run: Run) -> Row:
    """Judge a run."""
    calls, seconds = run.calls, run.seconds
    genuine = [call for call in calls if math.isinf(call.swap_s)]
    shares = [call.verified_share(seconds) for call in genuine]
    scores = [
        one
        for call in calls
        for at_s, one in call.told
        if isinstance(one, Score) and at_s > SETTLED_S
    ]
    lags = [one.age_s for one in scores if one.age_s is not None]
    unheard_s = max(call.inbox.stats.audio_overrun_s for call in calls)
    return Row(
        calls=len(calls),
        demand=run.demand_s / seconds,
        verified=float(np.mean(shares)),
        least=min(shares),
        rejected=sum(State.REJECTED in {state for _, state in call.states} for call in genuine),
        scores=sum(bool(one.scored) for one in scores) / len(calls) / (seconds - SETTLED_S),
        unscored_s=max(map(_longest_unscored_s, calls)),
        looks=sum(call.inbox.stats.video_frames for call in calls) / len(calls) / seconds,
        bursts_dropped=sum(call.inbox.stats.burst_frames_dropped for call in calls),
        lag_p95_s=float(np.percentile(lags, 95)),
        lag_most_s=max(lags),
        unheard=unheard_s / seconds,
        noticed_s=tuple(sorted(call.noticed_s() for call in calls if not math.isinf(call.swap_s))),
    )


def _longest_unscored_s(call: Call) -> float:
    scored = [at_s for at_s, one in call.told if isinstance(one, Score) and one.scored]
    return max((b - a for a, b in itertools.pairwise([0.0, *scored])), default=math.inf)
