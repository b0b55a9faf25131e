"""Error rates and calibration cost of verification scores (ISO/IEC 19795-1; Bruemmer 2006).

Scores are higher for mated pairs. Weights count a trial more than once (or not at all), which is
how the bootstrap resamples without sorting again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def error_rates(
    scores: Floats, mated: Flags, weights: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """False match and false non-match rate at every threshold.

    Args:
        scores: shape (n,).
        mated: shape (n,), true for genuine trials; both kinds must occur.
        weights: shape (n,), how often each trial counts; once where not given.

    Returns:
        Thresholds in rising order, from below all scores to above all; FMR and FNMR of accepting
        at or above each.
    """
    weight = np.ones(len(scores)) if weights is None else weights
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    genuine = np.cumsum((weight * mated)[order])
    impostor = np.cumsum((weight * ~mated)[order])
    if not (len(scores) and genuine[-1] > 0 and impostor[-1] > 0):
        raise ValueError("error rates need both mated and non-mated trials")
    ends = np.flatnonzero(np.append(np.diff(ranked) > 0, True))
    thresholds = np.concatenate([[ranked[0]], np.append(ranked[ends[:-1] + 1], np.inf)])
    fnmr = np.concatenate([[0.0], genuine[ends] / genuine[-1]])
    fmr = np.concatenate([[1.0], 1 - impostor[ends] / impostor[-1]])
    return thresholds, fmr, fnmr


def equal_error_rate(scores: Floats, mated: Flags, weights: Floats | None = None) -> float:
    """Where FMR and FNMR meet, interpolated between the two nearest thresholds."""
    _, fmr, fnmr = error_rates(scores, mated, weights)
    after = int(np.argmax(fnmr >= fmr))
    before = max(after - 1, 0)
    gap_before, gap_after = fmr[before] - fnmr[before], fnmr[after] - fmr[after]
    if gap_before + gap_after <= 0:
        return float(fnmr[after])
    share = gap_before / (gap_before + gap_after)
    return float(fnmr[before] + share * (fnmr[after] - fnmr[before]))


def fnmr_at_fmr(
    scores: Floats, mated: Flags, target: float, weights: Floats | None = None
) -> float:
    """Lowest FNMR among thresholds whose FMR is at most ``target``."""
    _, fmr, fnmr = error_rates(scores, mated, weights)
    return float(fnmr[fmr <= target].min())


def threshold_at_fmr(scores: Floats, mated: Flags, target: float) -> float:
    """Lowest threshold whose FMR is at most ``target``."""
    thresholds, fmr, _ = error_rates(scores, mated)
    return float(thresholds[np.argmax(fmr <= target)])


def cllr(llrs: Floats, mated: Flags) -> float:
    """Cost of the log-likelihood ratios in bits: 0 is perfect, 1 tells nothing."""
    genuine = np.logaddexp(0, -llrs[mated]).mean()
    impostor = np.logaddexp(0, llrs[~mated]).mean()
    return float((genuine + impostor) / 2 / np.log(2))


def min_cllr(scores: Floats, mated: Flags) -> float:
    """Cllr after the best monotone recalibration (pool adjacent violators) on these trials."""
    order = np.lexsort((~mated, scores))
    labels = mated[order].astype(np.float64)
    prior = np.where(labels > 0, 0.5 / labels.sum(), 0.5 / (len(labels) - labels.sum()))
    posterior = _isotonic(labels, prior)
    with np.errstate(divide="ignore"):
        return cllr(np.log(posterior) - np.log1p(-posterior), labels > 0)


def bootstrap_interval(
    scores: Floats, mated: Flags, people: NDArray[np.intp], *, rounds: int = 500, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the EER, resampling whole people with all their trials.

    Args:
        scores: shape (n,).
        mated: shape (n,).
        people: shape (n,), number of the claimed person of each trial.
        rounds: resamplings.
        seed: of the resampling.
    """
    rng = np.random.default_rng(seed)
    count = int(people.max()) + 1
    rates = []
    for _ in range(rounds):
        drawn = np.bincount(rng.integers(count, size=count), minlength=count)
        rates.append(equal_error_rate(scores, mated, drawn[people].astype(np.float64)))
    low, high = np.percentile(rates, [2.5, 97.5])
    return float(low), float(high)


def _isotonic(values: Floats, weights: Floats) -> Floats:
    """Non-decreasing weighted least squares fit: pool adjacent violators."""
    means: list[float] = []
    masses: list[float] = []
    counts: list[int] = []
    for value, weight in zip(values, weights, strict=True):
        mean, mass, count = float(value), float(weight), 1
        while means and means[-1] >= mean:
            total = masses[-1] + mass
            mean = (means.pop() * masses[-1] + mean * mass) / total
            masses.pop()
            mass, count = total, count + counts.pop()
        means.append(mean)
        masses.append(mass)
        counts.append(count)
    return np.repeat(means, counts)
