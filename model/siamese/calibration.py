"""Calibration of scores to LLRs on people whom the network has not seen, and operating points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from model.evaluation.metrics import equal_error_rate, threshold_at_fmr
from model.runtime.comparator import Calibration

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
POINTS = {"fmr_1e-2": 1e-2, "fmr_1e-3": 1e-3}


def fit_calibration(
    scores: Floats, mated: Flags, *, limit: float, weights: Floats | None = None
) -> Calibration:
    """Fit scale and offset by logistic regression at even odds (Brümmer and du Preez 2006).

    Args:
        scores: shape (n,), of people whom the network was not trained on.
        mated: shape (n,).
        limit: how far from 0 an LLR may be.
        weights: shape (n,), how much each trial counts within its class; alike by default.
    """
    weight = np.ones(len(scores)) if weights is None else weights.astype(np.float64)
    weight = np.where(mated, weight / weight[mated].sum(), weight / weight[~mated].sum()) / 2
    sign = np.where(mated, 1.0, -1.0)

    def cost(p: Floats) -> tuple[float, Floats]:
        margin = sign * (np.exp(p[0]) * scores + p[1])
        pull = -sign * weight / (1 + np.exp(np.clip(margin, -50, 50)))
        slope = float((pull * scores).sum() * np.exp(p[0]))
        return float(weight @ np.logaddexp(0, -margin)), np.array([slope, pull.sum()])

    found = minimize(cost, np.zeros(2), jac=True, method="L-BFGS-B").x
    return Calibration(scale=float(np.exp(found[0])), offset=float(found[1]), limit=limit)


def operating_points(llrs: Floats, mated: Flags) -> dict[str, float]:
    """Thresholds by name: FMR 1e-2 and 1e-3, and "balanced", where FMR and FNMR meet.

    Args:
        llrs: calibrated and fused, shape (n,).
        mated: shape (n,).
    """
    # Where even the highest LLR has too many impostors, the next number above it: no single
    # comparison gets there, but evidence that adds up does.
    above_all = float(np.nextafter(llrs.max(), np.inf))
    rates = POINTS | {"balanced": equal_error_rate(llrs, mated)}
    return {n: min(threshold_at_fmr(llrs, mated, rate), above_all) for n, rate in rates.items()}


def evidence_limit(pairs: int) -> float:
    """How far from 0 an LLR may be when it rests on that many different pairs of people.

    Seen once in so many pairs is the rarest thing that the data can show.
    """
    return float(np.log(max(pairs, 2)))
