"""Fits the LLR of lips on people whom the network that read them was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from model.evaluation.metrics import cllr
from model.lips.trials import Read, Trials, area, own_and_other_moments, own_and_others
from model.runtime.lips import FORMAT, MAX_OFFSET, Agreement, LipCalibration

POOLED = (1, 2, 3, 5, 8)
"""Seconds of speech that trials are made of."""
DRAWS = 200
SEED = 7


def calibrate(reads: Sequence[Read], *, draws: int = DRAWS) -> dict[str, Any]:
    """Fit on right pairings against other speech of the same person.

    Half of that begins its word when the lips do, half at any moment.

    Args:
        reads: clips of people left out, a second of each.
        draws: trials of each kind and person.

    Returns:
        What ``lips.json`` holds: the calibration, and how well it did on the very trials.
    """
    sets = {
        seconds: tuple(
            draw(reads, pooled=seconds, draws=draws, seed=SEED)
            for draw in (own_and_others, own_and_other_moments)
        )
        for seconds in POOLED
    }
    right = [aligned for aligned, _ in sets.values()]
    wrong = [trials for both in sets.values() for trials in both]
    fitted = fit(right, wrong, limit=float(np.log(max(2, len(reads)))))
    return {
        "format": FORMAT,
        **{name: round(value, 4) for name, value in asdict(fitted).items()},
        "fitted_on": {
            "people": len({read.identity for read in reads}),
            "clips": len(reads),
            "seconds": {
                str(seconds): {
                    "trials": len(both[0].mated),
                    "other_speech": _figures(both[0], fitted),
                    "other_moments": _figures(both[1], fitted),
                }
                for seconds, both in sets.items()
            },
        },
    }


def _figures(trials: Trials, calibration: LipCalibration) -> dict[str, float]:
    return {
        "auc": round(area(nats(trials, calibration), trials.mated), 4),
        "cllr": round(cllr(llrs(trials, calibration), trials.mated), 3),
    }


def llrs(
    trials: Trials, calibration: LipCalibration, offset: int | None = None
) -> NDArray[np.float64]:
    """LLR of each trial, whose offset is known or not."""
    return np.array([calibration.llr(agreement, offset) for agreement in trials.agreements])


def nats(
    trials: Trials, calibration: LipCalibration, offset: int | None = None
) -> NDArray[np.float64]:
    """The same without the limit, to put trials in order by."""
    return np.array([calibration.nats(agreement, offset) for agreement in trials.agreements])


def fit(right: Sequence[Trials], wrong: Sequence[Trials], *, limit: float) -> LipCalibration:
    """Fit on trials whose offset is taken to be known: picture and sound at the same time.

    Args:
        right: trials of several lengths; their mated ones count.
        wrong: likewise; those that are not mated count, each set alike.
        limit: how far from 0 an LLR may be.
    """
    own = [a for trials in right for a in _of_kind(trials, mated=True)]
    other = [a for trials in wrong for a in _of_kind(trials, mated=False)]
    noise = float(np.sqrt(np.mean([a.lead(0) ** 2 * a.seconds for a in other])))
    clear = float(np.mean([a.clearness(noise)[MAX_OFFSET] / np.sqrt(a.seconds) for a in own]))
    mated = np.arange(len(own) + len(other)) < len(own)

    def cost(spread: float) -> float:
        tried = LipCalibration(noise, spread, clear, limit)
        return cllr(np.array([tried.llr(a, 0) for a in own + other]), mated)

    # Never surer than a deviation of 1 is: others are not known as well as these.
    spread = minimize_scalar(cost, bounds=(1.0, 2.0), method="bounded", options={"xatol": 0.01}).x
    return LipCalibration(noise, float(spread), clear, limit)


def _of_kind(trials: Trials, *, mated: bool) -> list[Agreement]:
    pairs = zip(trials.agreements, trials.mated, strict=True)
    return [agreement for agreement, kind in pairs if kind == mated]
