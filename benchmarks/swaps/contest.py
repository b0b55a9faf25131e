"""Sets rules against each other at the same false-alarm rate on the same calls."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.rivals import Variant, variants
from benchmarks.swaps.people import Figure, People, grouped
from benchmarks.swaps.results import speech_between
from stream_verifier.simulation.delays import MISSED_S, cost, delays, threshold
from stream_verifier.simulation.replay import MakeJudge, Played, Trace, trace

OURS = "ours"
PER_HOUR = (1 / 8, 1 / 2)
"""False alarms in a genuine hour at which rules are compared."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """A rule with its beliefs in all calls.

    Attributes:
        rule: its name.
        setting: how it was set up.
        traces: of all calls, in order.
    """

    rule: str
    setting: str
    traces: list[Trace]


def contest(
    calls: Sequence[Played],
    ours: MakeJudge,
    *,
    per_hour: Sequence[float] = PER_HOUR,
    candidates: Sequence[Variant] | None = None,
    on_rule: Callable[[str], None] = lambda _: None,
) -> list[Believed]:
    """Believe all calls by our rule, and by each rival at its best.

    A rival's best setting has the least mean delay over the rates, tuned on these very calls.
    Ours was fitted elsewhere.

    Args:
        calls: of all kinds, under one condition or several.
        ours: our rule.
        per_hour: rates of false alarms.
        candidates: all of `variants` by default.
        on_rule: told each setting before it is tried.
    """
    on_rule(OURS)
    found = [Believed(rule=OURS, setting="", traces=[trace(call, ours) for call in calls])]
    best: dict[str, tuple[float, Believed]] = {}
    for variant in variants() if candidates is None else candidates:
        on_rule(f"{variant.rival}, {variant.setting}")
        believed = [trace(call, variant.make) for call in calls]
        total = sum(cost(believed, threshold(believed, rate)) for rate in per_hour)
        if variant.rival not in best or total < best[variant.rival][0]:
            entry = Believed(rule=variant.rival, setting=variant.setting, traces=believed)
            best[variant.rival] = total, entry
    return found + [entry for _, entry in best.values()]


def table(
    rules: Sequence[Believed], people: People, per_hour: Sequence[float] = PER_HOUR
) -> list[Row]:
    """Delay and misses of each rule at each rate, by kind of swap and over all kinds."""
    rows: list[Row] = []
    for rate, rule in itertools.product(per_hour, rules):
        reject = threshold(rule.traces, rate)
        alarms = sum(depth <= reject for one in rule.traces for depth in one.depths)
        found = delays(rule.traces, reject)
        kinds = {**grouped(found, lambda pair: pair[0].script.kind), "all": found}
        rows.append(
            {
                "rule": rule.rule,
                "setting": rule.setting,
                "per_hour": rate,
                "reject": reject,
                "false_alarms": alarms,
                "mean_delay_s": cost(rule.traces, reject),
                "kinds": {kind: _kind(pairs, people) for kind, pairs in kinds.items()},
            }
        )
    return rows


def curve(rule: Believed, per_hour: Sequence[float]) -> list[tuple[float, float, float]]:
    """False alarms an hour, mean delay and share missed at each rate asked for."""
    points = []
    hours = sum(one.genuine_s for one in rule.traces) / 3600
    for rate in per_hour:
        reject = threshold(rule.traces, rate)
        alarms = sum(depth <= reject for one in rule.traces for depth in one.depths)
        found = [delay_s for _, delay_s in delays(rule.traces, reject)]
        missed = sum(delay_s > MISSED_S for delay_s in found) / max(1, len(found))
        points.append((alarms / hours if hours else 0.0, cost(rule.traces, reject), missed))
    return points


def _kind(pairs: Sequence[tuple[Trace, float]], people: People) -> dict[str, Figure]:
    names = [one.script.chimera for one, _ in pairs]
    waits = [delay_s for _, delay_s in pairs]
    said = [
        speech_between(one.script, one.impostor_from_s, one.impostor_from_s + delay_s)
        if math.isfinite(delay_s)
        else math.inf
        for one, delay_s in pairs
    ]
    return {
        "p50": people.quantile(waits, names, 0.5),
        "p95": people.quantile(waits, names, 0.95),
        "speech_p50": people.quantile(said, names, 0.5),
        "speech_p95": people.quantile(said, names, 0.95),
        "missed": people.share([delay_s > MISSED_S for delay_s in waits], names),
    }
