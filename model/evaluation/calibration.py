"""What of a Cllr is worth mending: what a better line would leave, and what chance makes of it.

The minimum of Cllr is that of the best monotone curve, which bends around single trials. With few
trials it lies well below what any calibration could keep on other trials, so that even a
perfectly calibrated system is far above it. Both functions here say what to compare with instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from model.evaluation import metrics
from model.evaluation.metrics import Flags, Floats
from model.siamese.calibration import fit_calibration

LOW, MEDIAN, HIGH = 10, 50, 90
"""Percentiles that ``over_minimum`` gives."""


def line_cllr(llrs: Floats, mated: Flags) -> float:
    """Cllr after the best scale and offset for these very trials (Brümmer and du Preez 2006).

    Args:
        llrs: shape (n,), natural logarithms.
        mated: shape (n,); both kinds must occur.

    Returns:
        Bits: no other scale above 0 and offset gets lower.
    """
    return metrics.cllr(fit_calibration(llrs, mated, limit=np.inf).llrs(llrs), mated)


def over_minimum(
    llrs: Floats, mated: Flags, person: NDArray[np.intp], *, draws: int = 200, seed: int = 0
) -> dict[str, Any] | None:
    """How far Cllr lies above its minimum, here and for a perfectly calibrated system of this EER.

    That system's LLRs are normal, with mean plus or minus d²/2 and variance d² (van Leeuwen and
    Brümmer 2013); d follows from the EER. As many are drawn as there are trials, independently,
    and by people: one person's mated trials then share as much of their variance as those at hand
    do, and so do the non-mated ones.

    Args:
        llrs: shape (n,), natural logarithms; NaN where a trial could not be scored.
        mated: shape (n,).
        person: shape (n,), number of each trial's claimed person.
        draws: simulated trial lists.
        seed: of the draws.

    Returns:
        ``measured``: Cllr over min Cllr of these trials. Of the perfectly calibrated system,
        ``independent`` and ``by_people``: ``low``, ``median`` and ``high``, percentiles 10, 50 and
        90, None where min Cllr is 0. ``draws``; ``shared``: the shares of variance, ``mated`` and
        ``non_mated``. None altogether where a kind of trial is missing, or where the EER is 0 or
        that of guessing.
    """
    scored = ~np.isnan(llrs)
    llrs, mated, person = llrs[scored], mated[scored], person[scored]
    if mated.all() or not mated.any():
        return None
    separation = -2 * float(norm.ppf(metrics.equal_error_rate(llrs, mated)))
    if not 0 < separation < np.inf:
        return None
    kinds = {"mated": mated, "non_mated": ~mated}
    shared = {kind: person_share(llrs[of], person[of]) for kind, of in kinds.items()}
    shares = np.where(mated, shared["mated"], shared["non_mated"])
    rng = np.random.default_rng(seed)

    def ratios(share: Floats) -> dict[str, float | None]:
        return _spread([_ratio(separation, mated, person, share, rng) for _ in range(draws)])

    return {
        "measured": metrics.cllr(llrs, mated) / metrics.min_cllr(llrs, mated),
        "independent": ratios(np.zeros(len(mated))),
        "by_people": ratios(shares),
        "draws": draws,
        "shared": shared,
    }


def person_share(values: Floats, person: NDArray[np.intp]) -> float:
    """Share of the variance that one person's values have in common, 0 to 1.

    Intraclass correlation by analysis of variance (Searle 1971); 0 where nobody has two values or
    there is only one person.

    Args:
        values: shape (n,).
        person: shape (n,), whose each is.
    """
    who, count = np.unique(person, return_inverse=True, return_counts=True)[1:]
    people, total = len(count), len(values)
    if people < 2 or people == total:
        return 0.0
    means = np.bincount(who, values) / count
    between = count @ (means - values.mean()) ** 2 / (people - 1)
    within = ((values - means[who]) ** 2).sum() / (total - people)
    size = (total - count @ count / total) / (people - 1)
    spread = between + (size - 1) * within
    return float(np.clip((between - within) / spread, 0, 1)) if spread > 0 else 0.0


def _ratio(
    separation: float,
    mated: Flags,
    person: NDArray[np.intp],
    share: Floats,
    rng: np.random.Generator,
) -> float:
    """Cllr over min Cllr of one simulated trial list."""
    # A person's mated trials have one thing in common, the non-mated ones another.
    common = rng.standard_normal((2, int(person.max()) + 1))[mated.astype(np.intp), person]
    own = rng.standard_normal(len(mated))
    noise = np.sqrt(share) * common + np.sqrt(1 - share) * own
    llrs = separation * noise + np.where(mated, 0.5, -0.5) * separation**2
    genuine = mated[np.argsort(llrs)].astype(np.float64)
    least = metrics.hull_cost(genuine, 1 - genuine)
    return metrics.cllr(llrs, mated) / least if least > 0 else np.inf


def _spread(ratios: list[float]) -> dict[str, float | None]:
    # Among the drawn values, not between them: one of them may be infinite.
    found = np.percentile(ratios, [LOW, MEDIAN, HIGH], method="inverted_cdf").tolist()
    ends = (value if np.isfinite(value) else None for value in found)
    return dict(zip(("low", "median", "high"), ends, strict=True))
