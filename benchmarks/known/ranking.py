"""How well a quantity ranks people by how their later speech fits, and what asking some brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.known.cases import FAR, Case
from model.evaluation import metrics
from model.evaluation.metrics import Floats

ROUNDS = 300
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Interval:
    """A figure with 95 % of it by bootstrap over people."""

    value: float
    low: float
    high: float


class Table:
    """Cases of several sources, in which every person weighs alike.

    Args:
        sources: cases by source.
    """

    def __init__(self, sources: Mapping[str, Sequence[Case]]) -> None:
        self.cases = [case for cases in sources.values() for case in cases]
        who = [(source, case.person) for source, cases in sources.items() for case in cases]
        people = {one: place for place, one in enumerate(dict.fromkeys(who))}
        self.source = np.array([source for source, _ in who])
        self._person: Places = np.array([people[one] for one in who], np.intp)
        self._each = 1 / np.bincount(self._person)[self._person]
        self._draws = metrics.draws(len(people), ROUNDS)
        self.people = len(people)

    def known(self, quantity: str) -> Floats:
        """A quantity of each case."""
        return np.array([case.known[quantity] for case in self.cases])

    def far(self, below: float = FAR, *, wider: bool = False) -> Floats:
        """Of each case, the share of later speech below an LLR."""
        llrs = [case.wider if wider else case.later for case in self.cases]
        return np.array([float((one < below).mean()) for one in llrs])

    def area(self, quantity: str, below: float = FAR, *, within: bool = True) -> Interval:
        """Area under the ROC: the chance that later speech that is far is of the larger quantity.

        Args:
            quantity: that ranks.
            below: the LLR below which speech is far; against all that is not.
            within: whether only people of one source are compared with each other.
        """
        values, far = self.known(quantity), self.far(below)
        wins, pairs = np.zeros(ROUNDS + 1), np.zeros(ROUNDS + 1)
        for rows in self._groups(within):
            weights = self._draws[:, self._person[rows]] * self._each[rows]
            hit, missed = weights * far[rows], weights * (1 - far[rows])
            wins += ((hit @ _above(values[rows])) * missed).sum(axis=1)
            pairs += hit.sum(axis=1) * missed.sum(axis=1)
        return _interval(wins, pairs)

    def share(self, part: Floats, of: Floats | None = None) -> Interval:
        """Mean of a part over people, or its share of another's."""
        whole = np.ones(len(part)) if of is None else of
        weights = self._draws[:, self._person] * self._each
        return _interval(weights @ part, weights @ whole)

    def threshold(self, quantity: str, asked: float) -> float:
        """From which value on a quantity asks that share of people."""
        values = self.known(quantity)
        order = np.argsort(-values, kind="stable")
        reached = np.cumsum(self._each[order]) / self._each.sum()
        return float(values[order][np.searchsorted(reached, asked)])

    @property
    def sources(self) -> list[str]:
        """In order."""
        return list(dict.fromkeys(self.source.tolist()))

    def accepted(self) -> Table:
        """The cases whose call counts as the person's."""
        return self._chosen([case.accepted for case in self.cases])

    def only(self, source: str, *, rest: bool = False) -> Table:
        """The cases of one source, or of all others."""
        return self._chosen(((self.source == source) != rest).tolist())

    def _chosen(self, flags: Sequence[bool]) -> Table:
        found: dict[str, list[Case]] = {}
        for name, case, chosen in zip(self.source.tolist(), self.cases, flags, strict=True):
            if chosen:
                found.setdefault(name, []).append(case)
        return Table(found)

    def _groups(self, within: bool) -> list[Places]:
        if not within:
            return [np.arange(len(self.cases))]
        return [np.flatnonzero(self.source == name) for name in np.unique(self.source)]


def _above(values: Floats) -> Floats:
    """Of each pair, whether the first is larger; half where they are equal."""
    first, second = values[:, None], values[None, :]
    return np.asarray((first > second) + 0.5 * (first == second), np.float64)


def _interval(above: Floats, below: Floats) -> Interval:
    found = np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
    if np.isnan(found[1:]).all():
        return Interval(float(found[0]), np.nan, np.nan)
    low, high = np.nanpercentile(found[1:], [2.5, 97.5])
    return Interval(float(found[0]), float(low), float(high))
