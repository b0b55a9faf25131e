"""The channels, the attacks, and the page about what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.oracle.attackers import MOST_LLR, Attack, Loot, boundary_walk, climb, least_squares
from stream_verifier.events.audience import Audience

MOST_COSINE = 0.5
OLD = "version 1: cosine, 4 decimals"
_MANY = "bars, a new token for each try"
_FREE = "bars, nothing bounded"

ATTACKS: dict[str, Attack] = {
    "least squares": least_squares,
    "beside the edge, half cross": boundary_walk(0.5),
    "beside the edge, 1 in 20": boundary_walk(0.05),
    "beside the edge, 1 in 200": boundary_walk(0.005),
    "hill climbing": climb,
}
CHANNELS: tuple[tuple[str, Audience, dict[str, Any]], ...] = (
    ("caller", Audience.CALLER, {}),
    ("reader", Audience.READER, {}),
    ("analyst", Audience.ANALYST, {}),
    (_MANY, Audience.READER, {"tokens": 10_000}),
    (_FREE, Audience.READER, {"bounded": False}),
)
BOUNDED = ("caller", "reader", "analyst")

_HEAD = """# What can be learnt of a stored template

Written by `python -m benchmarks.oracle --pack ../shared/data/{pack}`. {people} enrolled people of
`{pack}`, {questions} windows a row, one a second. The server's own comparator, decision, bars,
limits and audiences answer. The attacker is stronger than any with a camera: he chooses embeddings
freely, each window counts for itself, he opens calls without end, hangs up where that helps, and
knows how all of it works. Beside the edge he stands at a point from which the given share of his
questions is answered "against"; where it lies is given to him.

Wanted: a guess whose cosine with the template is below {cosine:g}, and no vector with an LLR above
{llr:g}. A cell: mean and most over the people. *Given* is the cosine of the stranger he begins
with. The attacker's best of five guesses counts, although he cannot tell which that is.

"""
_START = {
    100: "## Beginning with the nearest of 100 strangers\n\nTo find him by asking would take 100 "
    "tries: a token has 3 a day.\n\n",
    0: "## Beginning with the nearest of all strangers\n\nFor comparison: whoever is given such a "
    "look-alike has most of the way behind him, whatever the server says.\n\n",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One attack on one channel, over all people.

    Attributes:
        side: face or voice.
        channel: what was listened to.
        attack: what was done.
        of: of how many strangers the nearest was given; 0: of all.
        given, cosine, llr: mean and most, as in `Loot`.
        answered: mean number of windows.
    """

    side: str
    channel: str
    attack: str
    of: int
    given: tuple[float, float]
    cosine: tuple[float, float]
    llr: tuple[float, float]
    answered: float

    @classmethod
    def of_loot(cls, key: tuple[str, str, str, int], found: Sequence[Loot]) -> Row:
        """Sum up what was found."""
        return cls(
            *key,
            given=_both([one.given for one in found]),
            cosine=_both([one.cosine for one in found]),
            llr=_both([one.llr for one in found]),
            answered=round(sum(one.answered for one in found) / len(found), 1),
        )

    @property
    def holds(self) -> bool:
        """Whether both bounds do."""
        return self.cosine[1] < MOST_COSINE and self.llr[1] <= MOST_LLR


def holds(rows: Sequence[Row]) -> bool:
    """Whether what is bounded stays within, and the control breaks."""
    bounded = [row for row in rows if row.channel in BOUNDED and row.of]
    control = [row for row in rows if row.channel == OLD]
    return all(row.holds for row in bounded) and all(row.cosine[0] > 0.9 for row in control)


def page(rows: Sequence[Row], *, people: int, questions: int, pack: str) -> str:
    """All as a page."""
    text = _HEAD.format(
        people=people, questions=questions, pack=pack, cosine=MOST_COSINE, llr=MOST_LLR
    )
    for of, head in _START.items():
        text += head + "| | channel | attack | answered | given | cosine | LLR | holds |\n"
        text += "|---|---|---|---|---|---|---|---|\n"
        text += "".join(_line(row) for row in rows if row.of == of and row.channel != OLD) + "\n"
    text += "## The control\n\n| | channel | attack | cosine |\n|---|---|---|---|\n"
    return text + "".join(
        f"| {row.side} | {row.channel} | {row.attack} | {_cell(row.cosine, 3)} |\n"
        for row in rows
        if row.channel == OLD
    )


def _line(row: Row) -> str:
    cells = (_cell(row.given, 2), _cell(row.cosine, 2), _cell(row.llr, 1))
    verdict = "yes" if row.holds else "no"
    return (
        f"| {row.side} | {row.channel} | {row.attack} | {row.answered:.0f} | "
        f"{' | '.join(cells)} | {verdict} |\n"
    )


def _cell(values: tuple[float, float], digits: int) -> str:
    return f"{values[0]:.{digits}f}, {values[1]:.{digits}f}"


def _both(values: Sequence[float]) -> tuple[float, float]:
    finite = [value for value in values if value > float("-inf")] or [-99.0]
    return round(sum(finite) / len(finite), 4), round(max(finite), 4)
