"""Fits the LLR of lips on people whom the network that read them was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from model.evaluation.metrics import cllr
from model.lips.trials import Read, Trials, area, own_and_others
from model.runtime.lips import FORMAT, LipCalibration

POOLED = (1, 2, 3, 5, 8)
"""Seconds of speech that trials are made of."""
DRAWS = 200
SEED = 7


def calibrate(reads: Sequence[Read], *, draws: int = DRAWS) -> dict[str, Any]:
    """Fit on right pairings against other speech of the same person, the hardest of wrong ones.

    Args:
        reads: clips of people left out, a second of each.
        draws: trials of each kind and person.

    Returns:
        What ``lips.json`` holds: the calibration, and how well it did on the very trials.
    """
    sets = {
        seconds: own_and_others(reads, pooled=seconds, draws=draws, seed=SEED) for seconds in POOLED
    }
    people = len({read.identity for read in reads})
    fitted = fit(list(sets.values()), limit=float(np.log(max(2, len(reads)))))
    return {
        "format": FORMAT,
        **asdict(fitted),
        "fitted_on": {
            "people": people,
            "clips": len(reads),
            "seconds": {
                str(seconds): {
                    "trials": len(trials.mated),
                    "auc": round(area(nats(trials, fitted), trials.mated), 4),
                    "cllr": round(cllr(llrs(trials, fitted), trials.mated), 3),
                }
                for seconds, trials in sets.items()
            },
        },
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


def fit(sets: Sequence[Trials], *, limit: float) -> LipCalibration:
    """Logistic regression at even odds, through 0 where no speech was heard.

    The clips are taken to have picture and sound at the same time, and their offset to be known.

    Args:
        sets: trials of several lengths, which count alike.
        limit: how far from 0 an LLR may be.
    """
    leads = np.concatenate([trials.leads() for trials in sets])
    seconds = np.array([a.seconds for trials in sets for a in trials.agreements])
    mated = np.concatenate([trials.mated for trials in sets])
    inputs = np.stack([leads * seconds, seconds], axis=1)
    weights = np.where(mated, 0.5 / mated.sum(), 0.5 / (~mated).sum())
    sign = np.where(mated, 1.0, -1.0)

    def cost(p: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (inputs @ p)
        pull = -sign * weights / (1 + np.exp(np.clip(margin, -50, 50)))
        return float(weights @ np.logaddexp(0, -margin)), inputs.T @ pull

    per_lead, per_second = minimize(cost, np.zeros(2), jac=True, method="L-BFGS-B").x
    return LipCalibration(float(per_lead), float(per_second), limit)
