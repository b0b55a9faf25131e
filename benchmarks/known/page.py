"""Writes the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from benchmarks.known.cases import CALL, ENROLLED, FAR
from benchmarks.known.ranking import Interval, Table
from model.evaluation.metrics import Flags

ASKED = 0.1
TOLD = ("each piece by the others, least cosine", "lower quartile of LLRs")
"""Quantities whose thresholds are carried from some sources to others."""
_HEAD = """\
# How well a person is known

Written by `python -m benchmarks.known` on pack `{pack}` with the model `{model}`; no training has
seen these people. Everybody is enrolled (two or three stretches of about 3 s), then speaks in a
call (up to four stretches), then in other recordings; where a source names
moods, in one mood each and then in all others. LLRs are the voice's alone, natural logarithms.

*Far* is a later stretch of the person's own below an LLR of {far:g}, which false alarms are made
of. The area under the ROC is the chance that a quantity is worse for a stretch that is far than
for one that is not: 0.5 is a coin. Every person weighs alike; in brackets 95 % by bootstrap over
people. *Within* compares people of one source only, so that a quantity gains nothing by telling
acted speech from read. A *call* is one that counts as the person's, by its mean LLR, since at the
end of any other no advice may be given: an impostor would get it, too. *All calls* stand beside it.
"""
_ASKED = """
## Whom to ask

By a threshold that asks {asked:.0%} of the people of all other sources, and without one after a
call that counts as somebody else's. *Carried* is the share of all far speech that is of those
asked: as much as *asked* where asking by chance would do as well. Then far speech as enrolled, once
the call's own speech was added for those asked, and for everybody whom the row is about.

| condition | asked by | source | asked, % | carried, % | far, % | added for those asked \
| for everybody |
|---|---|---|---|---|---|---|---|
"""


def page(tables: Mapping[str, Table], *, pack: str, model: str) -> str:
    """The page: areas by quantity, and thresholds on sources that they were not set on.

    Args:
        tables: all cases by condition.
        pack: its name.
        model: its name.
    """
    head = _HEAD.format(pack=pack, model=model, far=FAR)
    lines = [head]
    for condition, table in tables.items():
        lines += [_who(condition, table)]
        for below in (FAR, 0.0):
            lines += _areas(condition, table, below)
    lines.append(_ASKED.format(asked=ASKED))
    lines += (line for condition, table in tables.items() for line in _asked(condition, table))
    return "".join(lines)


def _who(condition: str, table: Table) -> str:
    parts = (table.only(source) for source in table.sources)
    some = [
        f"{source} {part.people} people, {part.share(part.far()).value:.1%} far"
        for source, part in zip(table.sources, parts, strict=True)
    ]
    return f"\n## {condition}\n\n{'; '.join(some)}.\n"


def _areas(condition: str, table: Table, below: float) -> Iterator[str]:
    yield f"\n### {condition}, later speech below {below:g}\n\n"
    yield _line(["known", "over all", "within", *table.sources])
    yield _line(["---"] * (3 + len(table.sources)))
    accepted = table.accepted()
    named = [("enrolment", table, ENROLLED), ("call", accepted, CALL), ("all calls", table, CALL)]
    for when, cases, quantities in named:
        for quantity in quantities:
            whole = [cases.area(quantity, below, within=within) for within in (False, True)]
            each = [cases.only(source).area(quantity, below) for source in table.sources]
            yield _line([f"{when}: {quantity}", *map(_both, whole), *map(_value, each)])


def _asked(condition: str, table: Table) -> Iterator[str]:
    for quantity, cases in zip(TOLD, (table, table.accepted()), strict=True):
        yield from _rows(condition, quantity, cases, _by_others(quantity, cases))
    refused = np.array([not case.accepted for case in table.cases])
    yield from _rows(condition, "a call that counts as somebody else's", table, refused)


def _by_others(quantity: str, table: Table) -> Flags:
    """Whom a threshold asks that was set on people of other sources than the person's."""
    values, asked = table.known(quantity), np.zeros(len(table.cases), bool)
    for source in table.sources:
        limit = table.only(source, rest=True).threshold(quantity, ASKED)
        asked |= (table.source == source) & (values >= limit)
    return asked


def _rows(condition: str, by: str, table: Table, asked: Flags) -> Iterator[str]:
    for source in table.sources:
        yield _row([condition, by, source], table.only(source), asked[table.source == source])
    yield _row([condition, by, "all"], table, asked)


def _row(names: Sequence[str], own: Table, asked: Flags) -> str:
    far, wider = own.far(), own.far(wider=True)
    figures = (
        own.share(asked.astype(float)),
        own.share(asked * far, far),
        own.share(far),
        own.share(np.where(asked, wider, far)),
        own.share(wider),
    )
    return _line([*names, *(_percent(one) for one in figures)])


def _both(one: Interval) -> str:
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"


def _value(one: Interval) -> str:
    return "–" if one.value != one.value else f"{one.value:.2f}"


def _percent(one: Interval) -> str:
    return "–" if one.value != one.value else f"{100 * one.value:.1f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"
