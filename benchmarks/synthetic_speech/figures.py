"""How well made speech is told from genuine speech, with intervals by bootstrap over people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.evaluation import metrics
from model.evaluation.metrics import Floats, Ladder

ROUNDS = 500


@dataclass(frozen=True)
class Figure:
    """One comparison of made with genuine speech.

    Attributes:
        auc: how often made speech scores above genuine speech.
        low, high: the middle 95 % of it over draws of people.
        eer: error rate where as much genuine speech is called made as made speech is missed.
    """

    auc: float
    low: float
    high: float
    eer: float

    def cell(self) -> str:
        """As the tables have it."""
        return f"{self.auc:.3f} ({self.low:.3f} to {self.high:.3f}), {self.eer:.1%}"


def figure(
    genuine: Floats,
    made: Floats,
    people: Sequence[str],
    makers: Sequence[str] | None = None,
    *,
    rounds: int = ROUNDS,
) -> Figure:
    """Compare scores; people are drawn with all that is theirs, made and genuine.

    Args:
        genuine: shape (n,).
        made: shape (m,).
        people: whose each genuine piece is, n of them.
        makers: whose each made one is; the same people where not given.
        rounds: draws of people.

    Raises:
        ValueError: one kind is missing.
    """
    if not len(genuine) or not len(made):
        raise ValueError("an AUC needs both genuine and made speech")
    whose = [*people, *(people if makers is None else makers)]
    number = np.unique(whose, return_inverse=True)[1]
    is_made = np.arange(len(whose)) >= len(genuine)
    ladder = Ladder(np.concatenate([genuine, made]), is_made, number)
    counts = ladder.counts(metrics.draws(int(number.max()) + 1, rounds))
    both = (counts[0].sum(axis=1) > 0) & (counts[1].sum(axis=1) > 0)
    false, missed = metrics.rates(counts[0][both], counts[1][both])
    auc = np.asarray(np.trapezoid(1 - missed[:, ::-1], false[:, ::-1], axis=1))
    low, high = np.percentile(auc[1:] if rounds else auc, (2.5, 97.5))
    return Figure(float(auc[0]), float(low), float(high), float(metrics.crossing(false, missed)[0]))


def share_above(scores: Floats, genuine: Floats, *, false_alarms: float = 0.05) -> float:
    """Share of scores above the threshold that so much genuine speech is above."""
    return float((scores > np.quantile(genuine, 1 - false_alarms)).mean())
