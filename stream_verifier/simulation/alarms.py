"""A threshold for so many false alarms an hour, and how sure that rate is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import chi2

_SURE = 0.95
_TAIL = 30  # deepest stays below even odds that the tail is fitted to
_FEWEST_IN_TAIL = 5
_SHALLOWEST = -0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A threshold for ``rejected``, and what it rests on.

    Attributes:
        reject: log-odds.
        hours: genuine time that it was chosen on.
        alarms: false alarms at it.
        assured: the upper end of their rate's interval is within the target, too.
    """

    reject: float
    hours: float
    alarms: int
    assured: bool


def most_alarms(alarms: int) -> float:
    """Upper end of the exact one-sided 95 % interval of a Poisson mean (Garwood 1936)."""
    return float(chi2.ppf(_SURE, 2 * (alarms + 1)) / 2)


def highest_reject(depths: Sequence[float], hours: float, per_hour: float) -> Threshold:
    """The fastest threshold with no more false alarms than wanted.

    Where there are hours enough, the upper end of the rate's interval is held to the target.
    Where even no alarm at all would not assure it, the observed rate is, and the tail of the
    depths, taken as exponential (peaks over threshold, Davison and Smith 1990), too.

    Args:
        depths: of all stays at or below even odds in that time (``Trace.depths``).
        hours: of genuine time.
        per_hour: false alarms wanted at most.
    """
    deepest = sorted(depths)
    wanted = per_hour * hours
    assured = most_alarms(0) <= wanted
    allowed = 0
    while assured and most_alarms(allowed + 1) <= wanted:
        allowed += 1
    reject = _just_below(deepest[allowed]) if len(deepest) > allowed else _SHALLOWEST
    if not assured:
        allowed = int(wanted)
        reject = _just_below(deepest[allowed]) if len(deepest) > allowed else _SHALLOWEST
        reject = min(reject, _tail_reject(deepest, wanted))
    reject = min(reject, _SHALLOWEST)
    alarms = sum(depth <= reject for depth in deepest)
    return Threshold(reject=reject, hours=hours, alarms=alarms, assured=assured)


def _just_below(depth: float) -> float:
    return math.floor(depth * 100 - 1) / 100


def _tail_reject(deepest: Sequence[float], wanted: float) -> float:
    """Where an exponential tail has as many depths as wanted."""
    if len(deepest) < _FEWEST_IN_TAIL:
        return _SHALLOWEST
    count = min(_TAIL, len(deepest) - 1)
    edge = deepest[count]
    scale = sum(edge - depth for depth in deepest[:count]) / count
    return math.floor(100 * (edge - scale * math.log(max(1.0, count / wanted)))) / 100
