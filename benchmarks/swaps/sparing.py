"""What it saves, and what it costs, to score the voice of calm calls less often.

A server does so where its worker is behind; here it is as if it always were.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.swaps.people import People, grouped
from benchmarks.swaps.results import Result
from stream_verifier.simulation.delays import MISSED_S

Row = dict[str, Any]


def sparing(spared: Sequence[Result], every: Sequence[Result], people: People) -> Row:
    """The same calls at the same operating point, calm ones spared or each window scored.

    Args:
        spared: of the rule on a server that is behind.
        every: of the rule that scores every window, in the same order.
        people: to draw from.

    Returns:
        By condition: ``saved``, the share of windows with speech of genuine calls whose voice was
        not compared;
        ``delay_s`` and ``delay_every_s``, mean delays over all swaps, missed ones at 30 s;
        ``paid_s``, their difference; false alarms in an hour, ``alarms`` and ``alarms_every``.
    """
    pairs = grouped(list(zip(spared, every, strict=True)), lambda pair: pair[0].script.condition)
    return {condition: _row(chosen, people) for condition, chosen in pairs.items()}


def _row(pairs: Sequence[tuple[Result, Result]], people: People) -> Row:
    genuine = [one for one, _ in pairs if one.script.kind == "genuine"]
    names = [one.script.chimera for one in genuine]
    left_out = [float(one.spared) for one in genuine]
    comparable = [float(one.spared + one.scored) for one in genuine]
    swapped = [pair for pair in pairs if pair[0].swapped and pair[1].swapped]
    delays = [[min(one.delay_s, MISSED_S) for one in pair] for pair in swapped]
    means = [sum(column) / max(1, len(column)) for column in zip(*delays, strict=True)]
    hours = [one.outcome.genuine_s / 3600 for one, _ in pairs]
    everybody = [one.script.chimera for one, _ in pairs]
    alarms = [
        people.rate([pair[place].outcome.false_alarms for pair in pairs], hours, everybody)
        for place in (0, 1)
    ]
    return {
        "saved": people.ratio(left_out, comparable, names),
        "swaps": len(swapped),
        "delay_s": means[0] if means else None,
        "delay_every_s": means[1] if means else None,
        "paid_s": means[0] - means[1] if means else None,
        "alarms": alarms[0],
        "alarms_every": alarms[1],
    }
