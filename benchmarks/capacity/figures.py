"""What became of the calls of one run, in figures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.capacity.playing import WARM_UP_S, PlayedCall, Run, wall_s
from benchmarks.states import share_verified
from stream_verifier.events.schema import Score, State, StateChanged
from stream_verifier.verify.stages import STAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one number of calls.

    Attributes:
        calls: that were served.
        refused: that were not.
        cpu: the server's, as a share of one processor.
        alone: aiortc's, which only decodes them.
        lag_p50_s, lag_p95_s, lag_most_s: from the arrival of a window's newest media to its event
            at the client, scored or not.
        scores_per_s: windows compared that the caller is told, a second and call.
        left_out: share of windows that were not, for want of time.
        steady: share of genuine calls verified all through after their first seconds.
        verified: share of that time in which genuine calls are.
        rejected: genuine calls that were ever rejected.
        noticed_s: each swap's delay until it was rejected, sorted; infinite: never.
        stages: processor time of each stage and of the rest, a second.
        memory_mib: at the end.
    """

    calls: int
    refused: int
    cpu: float
    alone: float
    lag_p50_s: float
    lag_p95_s: float
    lag_most_s: float
    scores_per_s: float
    left_out: float
    steady: float
    verified: float
    rejected: int
    noticed_s: tuple[float, ...]
    stages: dict[str, float]
    memory_mib: float


def figures_of(run: Run) -> Figures:
    """Judge a run."""
    served = [call for call in run.calls if not call.refused]
    lags = np.array([lag for call in served for lag in _lags(call)] or [math.nan])
    scores = [one for call in served for _, one in _scores(call)]
    compared = sum(bool(one.scored) for one in scores)
    left_out = sum("overloaded" in one.notes and not one.scored for one in scores)
    genuine = [call for call in served if call.clip.swap_s is None]
    shares = [verified_share(call) for call in genuine]
    swaps = sorted(noticed_s(call) for call in served if call.clip.swap_s is not None)
    return Figures(
        calls=len(served),
        refused=len(run.calls) - len(served),
        cpu=run.cpu,
        alone=run.alone,
        lag_p50_s=float(np.percentile(lags, 50)),
        lag_p95_s=float(np.percentile(lags, 95)),
        lag_most_s=float(lags.max()),
        scores_per_s=compared / max(1, len(served)) / run.seconds,
        left_out=left_out / max(1, len(scores)),
        steady=sum(share > 1 - 1e-6 for share in shares) / max(1, len(shares)),
        verified=float(np.mean(shares or [math.nan])),
        rejected=sum(State.REJECTED in {state for _, state in _states(call)} for call in genuine),
        noticed_s=tuple(swaps),
        stages=_stages(run),
        memory_mib=run.memory_mib,
    )


def _stages(run: Run) -> dict[str, float]:
    """Processor seconds a second; the worker's stages are part of the whole."""
    rose = run.metrics
    whole, loop = rose.get(("cpu_seconds_total", "process"), 0.0), rose.get(
        ("cpu_seconds_total", "event_loop"), 0.0
    )  # fmt: skip
    stages = {stage: rose.get(("stage_cpu_seconds_total", stage), 0.0) for stage in STAGES}
    stages["event loop"] = loop
    stages["decoding and the rest"] = max(0.0, whole - sum(stages.values()))
    scale = run.cpu / whole if whole else 0.0
    return {name: seconds * scale for name, seconds in stages.items()}


def _scores(call: PlayedCall) -> Iterator[tuple[float, Score]]:
    """After the warm-up, each with how late it came to the client."""
    if not call.heard:
        return
    from_s = call.heard[0][0] + WARM_UP_S
    for at_s, event in call.heard:
        if isinstance(event.payload, Score) and at_s > from_s:
            yield at_s - wall_s(event) + (event.payload.age_s or 0.0), event.payload


def _lags(call: PlayedCall) -> Iterator[float]:
    return (lag_s for lag_s, _ in _scores(call))


def _states(call: PlayedCall) -> list[tuple[float, State]]:
    return [
        (at_s, event.payload.state)
        for at_s, event in call.heard
        if isinstance(event.payload, StateChanged)
    ]


def verified_share(call: PlayedCall) -> float:
    """Of the time after the warm-up, in which a call was verified."""
    if not call.heard:
        return 0.0
    return share_verified(_states(call), call.heard[0][0] + WARM_UP_S, call.heard[-1][0])


def noticed_s(call: PlayedCall) -> float:
    """Seconds from a swap's arrival at the server until the client learns of the rejection."""
    began = [
        wall_s(event) - (event.payload.age_s or 0.0) - event.payload.end_s
        for _, event in call.heard
        if isinstance(event.payload, Score)
    ]
    if not began or call.clip.swap_s is None:
        return math.inf
    swapped_s = min(began) + call.clip.swap_s
    rejected = (
        at_s for at_s, state in _states(call) if state is State.REJECTED and at_s > swapped_s
    )
    return next(rejected, math.inf) - swapped_s


def p95(values: Sequence[float]) -> float:
    """The value that 95 in 100 do not exceed; infinite values sort last."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1] if values else math.nan
