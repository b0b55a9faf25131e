"""All figures of one rule at one operating point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.swaps.people import Figure, People, grouped
from benchmarks.swaps.results import Result

ABSENT_WITHIN_S = 5.0
Row = dict[str, Any]


def measure(results: Sequence[Result], people: People) -> Row:
    """Measure one rule.

    Returns:
        ``conditions``: by condition, and ``all`` for several together, the rows of `summary`.
        ``sources``: by the voice's data set, the same over all conditions.
    """
    conditions = grouped(results, lambda one: one.script.condition)
    sources = grouped(results, lambda one: one.source)
    if len(conditions) > 1:
        conditions["all"] = list(results)
    return {
        "conditions": {name: summary(chosen, people) for name, chosen in conditions.items()},
        "sources": {name: summary(sources[name], people) for name in sorted(sources)},
    }


def summary(results: Sequence[Result], people: People) -> Row:
    """Figures of one set of calls; times in seconds, each with a 95 % interval.

    Returns:
        ``calls``, ``people``, ``genuine_hours``; ``verify``: time to ``verified`` in genuine
        calls; ``false_alarms_per_hour``; ``anga``, genuine windows for each false alarm (None:
        no false alarm); ``kinds``: by kind of call what `_kind` tells.
    """
    names = [one.script.chimera for one in results]
    alarms = [one.outcome.false_alarms for one in results]
    genuine = [one for one in results if one.script.kind == "genuine"]
    windows = [float(one.genuine_windows) for one in results]
    kinds = grouped(results, lambda one: one.script.kind)
    hours = [one.outcome.genuine_s / 3600 for one in results]
    return {
        "calls": len(results),
        "people": len(set(names)),
        "genuine_hours": sum(hours),
        "verify": _times(genuine, people, lambda one: one.to_verify_s),
        "false_alarms_per_hour": people.rate(alarms, hours, names),
        "anga": people.ratio(windows, [float(count) for count in alarms], names),
        "kinds": {kind: _kind(chosen, people) for kind, chosen in sorted(kinds.items())},
    }


def _kind(results: Sequence[Result], people: People) -> Row:
    """Figures of one kind of call, as far as they apply to it.

    ``reason_right``: share of calls; ``noticed`` and ``noticed_speech``: delay from the change in
    wall time and in the impostor's speech; ``left``: until no longer verified; ``missed``: share;
    ``alarmed``: calls left out of all these, since they were rejected already; ``ania``: impostor
    windows until noticed; ``absent`` and ``absent_in_time``; ``verified_after``: share of
    impostors trusted.
    """
    names = [one.script.chimera for one in results]
    row: Row = {
        "calls": len(results),
        "reason_right": people.share([one.outcome.reason_right for one in results], names),
    }
    swapped = [one for one in results if one.swapped]
    if swapped:
        row |= _swaps(swapped, people) | {"alarmed": len(results) - len(swapped)}
    if any(one.outcome.began_s is not None for one in results):
        in_time = [one.to_absent_s <= ABSENT_WITHIN_S for one in results]
        row["absent"] = _times(results, people, lambda one: one.to_absent_s)
        row["absent_in_time"] = people.share(in_time, names)
    trusted = [one.outcome.verified_after for one in results]
    if all(flag is not None for flag in trusted):
        row["verified_after"] = people.share([bool(flag) for flag in trusted], names)
    return row


def _swaps(swapped: Sequence[Result], people: People) -> Row:
    names = [one.script.chimera for one in swapped]
    windows = [float(one.impostor_windows) for one in swapped]
    return {
        "noticed": _times(swapped, people, lambda one: one.delay_s),
        "noticed_speech": _times(swapped, people, lambda one: one.speech_s),
        "left": _times(swapped, people, _left_s),
        "missed": people.share([one.missed for one in swapped], names),
        "ania": people.ratio(windows, [1.0] * len(windows), names),
    }


def _left_s(one: Result) -> float:
    left_s, change_s = one.outcome.left_s, one.script.change_s
    return float("inf") if left_s is None or change_s is None else left_s - change_s


def _times(
    results: Sequence[Result], people: People, time: Callable[[Result], float]
) -> dict[str, Figure]:
    names = [one.script.chimera for one in results]
    values = [time(one) for one in results]
    return {f"p{share}": people.quantile(values, names, share / 100) for share in (50, 95)}
