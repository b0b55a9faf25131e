"""The figures of one set of trials, each with an interval by bootstrap over people.

Whole people are drawn with all their trials, since one person's trials are alike (Bolle et al.
2004, "subsets bootstrap"). All rounds run at once: per-person counts times a matrix of draws.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.evaluation import metrics
from model.evaluation.calibration import line_cllr
from model.evaluation.metrics import Flags, Floats, Ladder

FIGURES = (
    "eer",
    "fnmr_at_fmr_1e-2",
    "fnmr_at_fmr_1e-3",
    "accuracy",
    "precision",
    "recall",
    "fmr_at_llr_0",
    "fnmr_at_llr_0",
    "cllr",
    "min_cllr",
)
Row = dict[str, Any]


def measure(
    llr: Floats, mated: Flags, person: NDArray[np.intp], *, rounds: int = 500, seed: int = 0
) -> Row | None:
    """Figures of one set of trials.

    Args:
        llr: shape (n,), natural logarithms; NaN where a trial could not be scored.
        mated: shape (n,).
        person: shape (n,), number of each trial's claimed person.
        rounds: resamplings; 0 for no intervals.
        seed: of the resampling. Two systems' rows of the same trials draw the same people.

    Returns:
        Numbers of ``trials``, ``mated``, ``non_mated``, ``unscored`` (left out of all else),
        ``people``; each of ``FIGURES`` as a fraction (Cllr in bits), and ``..._interval``: low
        and high end of 95 %; ``line_cllr`` in bits. None stands for what these trials do not
        tell. None altogether where nothing was scored.
    """
    scored = ~np.isnan(llr)
    if not scored.any():
        return None
    llr, mated = llr[scored], mated[scored]
    people = np.unique(person[scored], return_inverse=True)[1]
    count = int(people.max()) + 1
    found = _figures(llr, mated, people, metrics.draws(count, rounds, seed=seed))
    row: Row = {
        "trials": len(llr),
        "mated": int(mated.sum()),
        "non_mated": int((~mated).sum()),
        "unscored": int((~scored).sum()),
        "people": count,
        "line_cllr": None if mated.all() or not mated.any() else line_cllr(llr, mated),
    }
    for name in FIGURES:
        row[name] = _finite(found[name][0])
        row[f"{name}_interval"] = _interval(found[name][1:])
    return row


def _figures(
    llr: Floats, mated: Flags, people: NDArray[np.intp], draws: Floats
) -> dict[str, Floats]:
    def total(values: NDArray[Any]) -> Floats:
        return draws @ np.bincount(people, values, minlength=draws.shape[1])

    accepted, loss = llr > 0, metrics.information_loss(llr, mated)
    genuine, impostor = total(mated * 1.0), total(~mated * 1.0)
    hits, false = total(accepted * mated * 1.0), total(accepted * ~mated * 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "accuracy": (hits + impostor - false) / (genuine + impostor),
            "precision": hits / (hits + false),
            "recall": hits / genuine,
            "fmr_at_llr_0": false / impostor,
            "fnmr_at_llr_0": 1 - hits / genuine,
            "cllr": (total(loss * mated) / genuine + total(loss * ~mated) / impostor) / 2,
            **_ranked(Ladder(llr, mated, people), draws, (genuine > 0) & (impostor > 0)),
        }


def _ranked(ladder: Ladder, draws: Floats, both: Flags) -> dict[str, Floats]:
    """Figures that follow from the order of the scores; NaN in rounds that lack a kind."""
    mated, non_mated = ladder.counts(draws[both])
    fmr, fnmr = metrics.rates(mated, non_mated)

    def filled(make: Callable[[], Any]) -> Floats:
        values = np.full(len(draws), np.nan)
        values[both] = make()
        return values

    return {
        "eer": filled(lambda: metrics.crossing(fmr, fnmr)),
        "fnmr_at_fmr_1e-2": filled(lambda: metrics.lowest_fnmr(fmr, fnmr, 1e-2)),
        "fnmr_at_fmr_1e-3": filled(lambda: metrics.lowest_fnmr(fmr, fnmr, 1e-3)),
        "min_cllr": filled(lambda: list(map(metrics.hull_cost, mated, non_mated))),
    }


def _interval(values: Floats) -> list[float] | None:
    known = values[np.isfinite(values)]
    return np.percentile(known, [2.5, 97.5]).tolist() if len(known) else None


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
