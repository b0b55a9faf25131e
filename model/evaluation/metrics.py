"""Error rates and calibration cost of verification scores (ISO/IEC 19795-1; Bruemmer 2006).

Scores are higher for mated pairs. Weights count a trial more than once (or not at all), which is
how the bootstrap resamples without sorting again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.special import xlogy

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Ladder:
    """Trials in order of their score, gathered into the fewest steps that lose nothing.

    Neighbours of one kind are one step, since no figure here changes between them: the ROC and
    its convex hull bend only where the kind does. Equal scores of both kinds are one step, too.

    Args:
        scores: shape (n,).
        mated: shape (n,), true for genuine trials.
        people: shape (n,), number of the person that a trial's weight goes with; one for all
            where not given.
    """

    def __init__(self, scores: Floats, mated: Flags, people: NDArray[np.intp] | None = None):
        step = _steps(scores, mated)
        who = np.zeros(len(scores), np.intp) if people is None else people
        shape = (int(who.max(initial=0)) + 1, int(step.max(initial=-1)) + 1)
        self._mated, self._non_mated = np.zeros(shape), np.zeros(shape)
        np.add.at(self._mated, (who[mated], step[mated]), 1)
        np.add.at(self._non_mated, (who[~mated], step[~mated]), 1)

    def counts(self, weights: Floats) -> tuple[Floats, Floats]:
        """Mated and non-mated trials at each step, from the lowest score to the highest.

        Args:
            weights: shape (rounds, people), how often each person's trials count.

        Returns:
            Two arrays of shape (rounds, steps).
        """
        return weights @ self._mated, weights @ self._non_mated


def draws(people: int, rounds: int, *, seed: int = 0) -> Floats:
    """How often each person counts in a bootstrap over people.

    Args:
        people: how many there are.
        rounds: how often as many of them are drawn, each as often as chance has it.
        seed: of the draws.

    Returns:
        Shape (1 + rounds, people); in the first row all count once.
    """
    rng = np.random.default_rng(seed)
    drawn = [
        np.bincount(rng.integers(people, size=people), minlength=people) for _ in range(rounds)
    ]
    return np.array([np.ones(people), *drawn], dtype=np.float64)


def rates(mated: Floats, non_mated: Floats) -> tuple[Floats, Floats]:
    """FMR and FNMR of accepting above each step, the first of accepting everything.

    Args:
        mated: counts by step, shape (..., steps).
        non_mated: likewise.

    Returns:
        Two arrays of shape (..., 1 + steps).
    """
    below, above = np.cumsum(mated, axis=-1), np.cumsum(non_mated[..., ::-1], axis=-1)[..., ::-1]
    start = np.zeros((*mated.shape[:-1], 1))
    fnmr = np.concatenate([start, below], axis=-1) / below[..., -1:]
    fmr = np.concatenate([above, start], axis=-1) / above[..., :1]
    return fmr, fnmr


def crossing(fmr: Floats, fnmr: Floats) -> Floats:
    """EER: where both rates meet, interpolated between neighbours; over the last axis."""
    after = np.argmax(fnmr >= fmr, axis=-1)[..., None]
    around = np.concatenate([np.maximum(after - 1, 0), after], axis=-1)
    fmr_around, fnmr_around = (np.take_along_axis(rate, around, -1) for rate in (fmr, fnmr))
    gap_before, gap_after = np.moveaxis(np.abs(fmr_around - fnmr_around), -1, 0)
    fnmr_before, fnmr_after = np.moveaxis(fnmr_around, -1, 0)
    total = gap_before + gap_after
    share = np.where(total > 0, gap_before / np.where(total > 0, total, 1), 1)
    return np.asarray(fnmr_before + share * (fnmr_after - fnmr_before))


def lowest_fnmr(fmr: Floats, fnmr: Floats, target: float) -> Floats:
    """FNMR at the lowest threshold whose FMR is at most ``target``; over the last axis."""
    first = np.argmax(fmr <= target, axis=-1)[..., None]
    return np.asarray(np.take_along_axis(fnmr, first, -1)[..., 0])


def hull_cost(mated: Floats, non_mated: Floats) -> float:
    """Cllr in bits after the best monotone recalibration (pool adjacent violators).

    Args:
        mated: counts by step, shape (steps,), in order of the score.
        non_mated: likewise.
    """
    genuine, impostor = mated / mated.sum() / 2, non_mated / non_mated.sum() / 2
    weight = genuine + impostor
    kept = weight > 0
    genuine, impostor, weight = genuine[kept], impostor[kept], weight[kept]
    posterior = np.clip(isotonic_regression(genuine / weight, weights=weight).x, 0, 1)
    cost = xlogy(genuine, posterior).sum() + xlogy(impostor, 1 - posterior).sum()
    return float(-cost / np.log(2)) + 0.0


def error_rates(scores: Floats, mated: Flags) -> tuple[Floats, Floats, Floats]:
    """False match and false non-match rate at every threshold.

    Args:
        scores: shape (n,).
        mated: shape (n,), true for genuine trials; both kinds must occur.

    Returns:
        Thresholds in rising order, from below all scores to above all; FMR and FNMR of accepting
        at or above each.

    Raises:
        ValueError: one kind of trial is missing.
    """
    if mated.all() or not mated.any():
        raise ValueError("error rates need both mated and non-mated trials")
    levels, step = np.unique(scores, return_inverse=True)
    genuine, impostor = (np.bincount(step[m], minlength=len(levels)) for m in (mated, ~mated))
    return np.append(levels, np.inf), *rates(genuine.astype(float), impostor.astype(float))


def equal_error_rate(scores: Floats, mated: Flags) -> float:
    """Where FMR and FNMR meet, interpolated between the two nearest thresholds."""
    return float(crossing(*error_rates(scores, mated)[1:]))


def fnmr_at_fmr(scores: Floats, mated: Flags, target: float) -> float:
    """Lowest FNMR among thresholds whose FMR is at most ``target``."""
    return float(lowest_fnmr(*error_rates(scores, mated)[1:], target))


def threshold_at_fmr(scores: Floats, mated: Flags, target: float) -> float:
    """Lowest threshold whose FMR is at most ``target``."""
    thresholds, fmr, _ = error_rates(scores, mated)
    return float(thresholds[np.argmax(fmr <= target)])


def cllr(llrs: Floats, mated: Flags) -> float:
    """Cost of the log-likelihood ratios in bits: 0 is perfect, 1 tells nothing."""
    cost = information_loss(llrs, mated)
    return float((cost[mated].mean() + cost[~mated].mean()) / 2)


def information_loss(llrs: Floats, mated: Flags) -> Floats:
    """What each trial adds to Cllr, in bits, shape (n,)."""
    return np.asarray(np.logaddexp(0, np.where(mated, -llrs, llrs)) / np.log(2))


def min_cllr(scores: Floats, mated: Flags) -> float:
    """Cllr after the best monotone recalibration on these trials."""
    genuine, impostor = Ladder(scores, mated).counts(np.ones((1, 1)))
    return hull_cost(genuine[0], impostor[0])


def _steps(scores: Floats, mated: Flags) -> NDArray[Any]:
    """Number of the step that each trial belongs to, shape (n,)."""
    if not len(scores):
        return np.zeros(0, np.intp)
    levels, level = np.unique(scores, return_inverse=True)
    genuine, impostor = (np.bincount(level[m], minlength=len(levels)) > 0 for m in (mated, ~mated))
    kind = genuine * 2 + impostor
    starts = np.append(True, (np.diff(kind) != 0) | (kind[1:] == 3))
    return np.asarray((np.cumsum(starts) - 1)[level])
