"""Figures over calls with intervals by bootstrap over people.

Whole people are drawn with all their calls, since one person's calls are alike (Bolle et al.
2004, "subsets bootstrap").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from model.evaluation import metrics

Floats = NDArray[np.float64]
Figure: TypeAlias = "dict[str, float | int | None]"
T = TypeVar("T")

ROUNDS = 1000
_ENDS = (0.025, 0.975)


class People:
    """Draws of people, the same ones for each figure.

    Args:
        names: of everybody who may be drawn.
        rounds: of the bootstrap.
        seed: of the draws.
    """

    def __init__(self, names: Sequence[str], *, rounds: int = ROUNDS, seed: int = 0) -> None:
        self._place = {name: place for place, name in enumerate(sorted(set(names)))}
        self._draws = metrics.draws(len(self._place), rounds, seed=seed)

    def quantile(self, values: Sequence[float], names: Sequence[str], share: float) -> Figure:
        """The smallest value that this share of all values does not exceed.

        Args:
            values: one a call; infinite for what never came.
            names: the call's person.
            share: 0.5 for the median.

        Returns:
            ``value``, ``low`` and ``high`` (None: never, or nothing to measure), and ``of``, the
            number of calls.
        """
        if not values:
            return _figure(math.inf, [], 0)
        order = np.argsort(values, kind="stable")
        ranked = np.asarray(values, np.float64)[order]
        weights = self._draws[:, self._places(names)[order]]
        reached = np.cumsum(weights, axis=1)
        enough = reached >= share * reached[:, -1:] - 1e-9
        found = ranked[np.argmax(enough, axis=1)]
        drawn = reached[:, -1] > 0
        return _figure(found[0], found[1:][drawn[1:]], len(values))

    def ratio(self, above: Sequence[float], below: Sequence[float], names: Sequence[str]) -> Figure:
        """Sum over sum, such as a share or a rate; ``of`` is the sum below."""
        total = float(np.sum(below))
        if not total:
            return _figure(math.inf, [], 0)
        places = self._places(names)
        top, bottom = (
            self._draws @ np.bincount(places, part, minlength=self._draws.shape[1])
            for part in (above, below)
        )
        drawn = bottom > 0
        values = np.divide(top, bottom, out=np.zeros_like(top), where=drawn)
        return _figure(values[0], values[1:][drawn[1:]], total)

    def share(self, flags: Sequence[bool], names: Sequence[str]) -> Figure:
        """Share of true ones."""
        return self.ratio([float(flag) for flag in flags], [1.0] * len(flags), names)

    def rate(self, events: Sequence[int], hours: Sequence[float], names: Sequence[str]) -> Figure:
        """Events per hour; the interval is at least as wide as Poisson's exact one (Garwood 1936).

        Where few events or none came, a bootstrap alone would claim to know too much.
        """
        found = self.ratio([float(count) for count in events], hours, names)
        if found["of"]:
            count, of = sum(events), sum(hours)
            low = chi2.ppf(_ENDS[0], 2 * count) / 2 / of if count else 0.0
            high = chi2.ppf(_ENDS[1], 2 * (count + 1)) / 2 / of
            found["low"] = min(float(low), float(found["low"] or 0.0))
            found["high"] = max(float(high), float(found["high"] or 0.0))
        return {**found, "events": sum(events)}

    def _places(self, names: Sequence[str]) -> NDArray[np.intp]:
        return np.array([self._place[name] for name in names], np.intp)


def grouped(items: Sequence[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    """Items by key, keys in order of their first item."""
    found: dict[str, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def _figure(value: float, rounds: Sequence[float] | Floats, of: float) -> Figure:
    low, high = (_end(rounds, share) for share in _ENDS)
    return {"value": _known(float(value)), "low": low, "high": high, "of": of}


def _end(rounds: Sequence[float] | Floats, share: float) -> float | None:
    if not len(rounds):
        return None
    return _known(float(np.quantile(rounds, share, method="inverted_cdf")))


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
