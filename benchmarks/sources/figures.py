"""Error rates of each source by tower, by way to compare, and by the shipped comparator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.sources.comparing import Sides, Trials, eer, interval
from benchmarks.sources.embedded import at_unit_length
from model.evaluation import metrics
from model.evaluation.metrics import Flags, Floats

COHORT_TOP = 50
LEAN = 0.5
"""Weight of the nearest piece beside the mean, as tried."""

Row = dict[str, Any]
Way = Callable[[Sides], Floats]


@dataclass(frozen=True)
class Cohort:
    """Other people's mean directions, shape (people, d)."""

    means: Floats

    def normalised(self, both: Sides) -> Floats:
        """AS-norm (Matejka et al. 2017): cosines by how alike strangers are to either side."""
        cosine = both.cosine()
        parts = [self._standard(cosine, side) for side in (both.mean, both.probe)]
        return np.asarray(sum(parts) / 2)

    def centred(self, both: Sides) -> Floats:
        """Cosines after the cohort's mean is taken off."""
        middle = self.means.mean(axis=0)
        mean, probe = (at_unit_length(side - middle) for side in (both.mean, both.probe))
        return np.asarray((mean * probe).sum(axis=1), float)

    def _standard(self, cosine: Floats, side: Floats) -> Floats:
        nearest = -np.sort(-(side @ self.means.T), axis=1)[:, :COHORT_TOP]
        return np.asarray((cosine - nearest.mean(axis=1)) / nearest.std(axis=1))


def leant(both: Sides) -> Floats:
    """References that lean towards the piece nearest to the probe, shape (n, d)."""
    return np.asarray(at_unit_length(both.mean + LEAN * both.nearest()), float)


def leaning(both: Sides) -> Floats:
    """Cosines with references that lean."""
    return np.asarray((leant(both) * both.probe).sum(axis=1))


def nearest_alone(both: Sides) -> Floats:
    """Cosines with the nearest piece: the best of several."""
    return np.asarray((both.nearest() * both.probe).sum(axis=1))


def ways(cohort: Cohort | None) -> dict[str, Way]:
    """Ways to compare, by name; "mean" is how all is compared in serving."""
    found: dict[str, Way] = {
        "mean": Sides.cosine, "nearest alone": nearest_alone, "leaning": leaning
    }  # fmt: skip
    if cohort is not None:
        found |= {"AS-norm": cohort.normalised, "centred": cohort.centred}
    return found


def row(
    chosen: Trials,
    by_towers: dict[str, Sides],
    cohort: Cohort | None = None,
    llrs: tuple[Floats, Floats] | None = None,
) -> Row:
    """All figures of one source under one condition.

    Args:
        chosen: the trials.
        by_towers: "published", "half way" and "fine-tuned" to both sides of the trials.
        cohort: for score normalisation.
        llrs: by the shipped comparator, of references as they are and of such as lean, shape (n,),
            NaN where it was not asked.

    Returns:
        ``people``, ``mated``, ``non_mated``; ``towers``: EER by towers, plain cosine; ``harm``:
        interval of fine-tuned less published; ``ways``: EER by way, of the fine-tuned towers;
        ``comparator`` and ``leaning``: EER, Cllr and least Cllr of the comparator, with references
        as they are and with such as lean.
    """
    mated = chosen.mated
    plain = {name: both.cosine() for name, both in by_towers.items()}
    ours = by_towers["fine-tuned"]
    by_way = {name: eer(way(ours), mated) for name, way in ways(cohort).items()}
    gap = interval(np.subtract, chosen, plain["fine-tuned"], plain["published"])
    return {
        "people": len(np.unique(chosen.person)),
        "mated": int(mated.sum()),
        "non_mated": int((~mated).sum()),
        "towers": {name: eer(scores, mated) for name, scores in plain.items()},
        "harm": gap,
        "ways": by_way,
        "comparator": None if llrs is None else _calibrated(llrs[0], mated),
        "leaning": None if llrs is None else _calibrated(llrs[1], mated),
    }


def _calibrated(llrs: Floats, mated: Flags) -> dict[str, float]:
    asked = ~np.isnan(llrs)
    scores, labels = llrs[asked], mated[asked]
    return {
        "eer": eer(scores, labels),
        "cllr": metrics.cllr(scores, labels),
        "min_cllr": metrics.min_cllr(scores, labels),
    }


def mean_of(rows: Sequence[Row], part: str) -> dict[str, float]:
    """The mean over rows of each figure of a part that all have."""
    found = [one[part] for one in rows if one[part] is not None]
    names = [name for name in found[0] if all(name in one for one in found)] if found else []
    return {name: float(np.mean([one[name] for one in found])) for name in names}
