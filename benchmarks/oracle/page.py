"""The channels, the attacks, and the page about what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.oracle.attackers import (
    FOREIGN,
    MOST_LLR,
    OWN,
    Attack,
    Loot,
    beside_the_edge,
    climb,
    least_squares,
    stopwatch,
)
from benchmarks.oracle.genuine import CALL_S, CALLS, Genuine
from stream_verifier.events.audience import Audience

MOST_COSINE = 0.5
OLD = "version 1: cosine, 4 decimals"
FREE = "each verdict told, nothing bounded"
NEAREST_OF = 100
_NONE = -99.0
PICTURES_S = (30, 1)
COMPARED = "beside the edge, 1 in 20"

ATTACKS: dict[str, Attack] = {
    "least squares": least_squares,
    "stopwatch": stopwatch,
    "beside the edge, half refused": beside_the_edge(0.5),
    "beside the edge, 1 in 20": beside_the_edge(0.05),
    "beside the edge, 1 in 200": beside_the_edge(0.005),
    "beside the edge, 6 windows each": beside_the_edge(0.05, windows=6),
    "beside the edge, in one call": beside_the_edge(0.05, stays=True),
    "beside the edge, the other rejected": beside_the_edge(0.05, other=FOREIGN),
    "beside the edge, the other recorded": beside_the_edge(0.05, other=OWN),
    "hill climbing": climb(),
    "hill climbing, the other recorded": climb(OWN),
}
_ALONE = tuple(name for name in ATTACKS if not name.endswith("recorded"))
"""What is never verified, so that none of the channels tells more than the others."""
CHANNELS: tuple[tuple[str, Audience, dict[str, Any], tuple[str, ...]], ...] = (
    ("call's own socket; follower; webhook", Audience.READER, {}, _ALONE),
    ("follower or webhook with evidence", Audience.ANALYST, {}, tuple(ATTACKS)),
    (FREE, Audience.READER, {"bounded": False}, (COMPARED,)),
)
"""With the attacks on each; a call's own client is told what followers are, only more seldom."""
BOUNDED = tuple(name for name, _, limits, _ in CHANNELS if not limits)

_HEAD = """# What can be learnt of a stored template

Written by `python -m benchmarks.oracle --pack ../shared/data/{pack}`. {people} enrolled people of
`{pack}`, {questions} windows a row, one a second. The server's own comparator, decision, telling,
audiences and account of tries answer; media, towers and sockets are left out, since what an
attacker can do with them is less than what is granted to him here: he chooses embeddings freely,
each window counts for itself, he opens calls without end and has a new token whenever one is
spent, hangs up where that helps, and knows how all of it works. Once nothing but `verified` is
told, and he has only a face or only a voice to show, there is nothing left to ask, and he guesses.

*Beside the edge* he stands at a point from which the given share of his questions is refused; where
it lies is given to him. *The other rejected*: a stranger's voice goes with the face that he tries,
or a stranger's face with the voice; *the other recorded*: the person's own.

Wanted: what the answers alone say of the template, *learnt*, has a cosine with it below
{cosine:g}, and no vector that he finds has an LLR above {llr:g}. A cell: mean and most over the
people. *Given* is the cosine of the stranger he begins with, for whom he had to ask nobody
and whom the comparator takes for a stranger, by an LLR below 0;
*together* that of the best guess made of both, although he cannot tell which that is. *Refused*:
how often he was told of a verdict that turned against him; *verified*: of how many people a call of
his ever was.

## Beginning with the nearest of {of} strangers

To find him by asking would take {of} tries: a name has three, and one more with each week.

"""
_MANY_HEAD = """
## Beginning with the nearest of all strangers of the pack

For comparison: whoever is given such a look-alike has most of the way behind him, whatever the
server says.

"""
_OWN_HEAD = """
## The enrolled people themselves

Everybody with samples beyond what enrols them calls {calls} times for {minutes} minutes, with one
token: half a minute of listening, then half of the time talking. The picture is another one of
theirs each so many seconds, often from another year. *Guarded*: in so many of them the name was,
for a while; such a call is verified all the same once the model is sure.

| picture | calls | ended for it | guarded for a while | times rejected | verified |
|---|---|---|---|---|---|
"""
_TABLE = (
    "| | channel | attack | refused | given | learnt | together | LLR | verified | holds |\n"
    "|---|---|---|---|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One attack on one channel, over all people.

    Attributes:
        side: face or voice.
        channel: what was listened to.
        attack: what was done.
        of: of how many strangers the nearest was given; 0: of all.
        given, learnt, together, llr: mean and most, as in `Loot`.
        refusals: mean number.
        verified: of how many people a call was verified.
    """

    side: str
    channel: str
    attack: str
    of: int
    given: tuple[float, float]
    learnt: tuple[float, float]
    together: tuple[float, float]
    llr: tuple[float, float]
    refusals: float
    verified: int

    @classmethod
    def of_loot(cls, key: tuple[str, str, str, int], found: Sequence[Loot]) -> Row:
        """Sum up what was found."""
        return cls(
            *key,
            given=_both([one.given for one in found]),
            learnt=_both([one.learnt for one in found]),
            together=_both([one.together for one in found]),
            llr=_both([one.llr for one in found]),
            refusals=round(sum(one.refusals for one in found) / len(found), 1),
            verified=sum(one.verified for one in found),
        )

    @property
    def holds(self) -> bool:
        """Whether both bounds do."""
        return self.learnt[1] < MOST_COSINE and self.llr[1] <= MOST_LLR


def holds(rows: Sequence[Row]) -> bool:
    """Whether what is bounded stays within, and the control breaks."""
    bounded = [row for row in rows if row.channel in BOUNDED and row.of]
    control = [row for row in rows if row.channel == OLD]
    return all(row.holds for row in bounded) and all(row.learnt[0] > 0.9 for row in control)


def page(
    rows: Sequence[Row], own: Mapping[int, Genuine], *, people: int, questions: int, pack: str
) -> str:
    """All as a page."""
    text = _HEAD.format(
        people=people, questions=questions, pack=pack, cosine=MOST_COSINE, llr=MOST_LLR,
        of=NEAREST_OF,
    )  # fmt: skip
    told = [row for row in rows if row.channel != OLD]
    text += _TABLE + "".join(_line(row) for row in told if row.of)
    text += _MANY_HEAD + _TABLE + "".join(_line(row) for row in told if not row.of)
    text += "\n## The control\n\n| | channel | attack | cosine |\n|---|---|---|---|\n"
    text += "".join(
        f"| {row.side} | {row.channel} | {row.attack} | {_cell(row.learnt, 3)} |\n"
        for row in rows
        if row.channel == OLD
    )
    text += _OWN_HEAD.format(calls=CALLS, minutes=CALL_S // 60)
    return text + "".join(_own_line(seconds, found) for seconds, found in own.items())


def _own_line(seconds: int, found: Genuine) -> str:
    share = found.verified_s / max(1, found.calls * CALL_S)
    return (
        f"| {seconds} s | {found.calls} | {found.ended} | {found.guarded} | {found.refused} | "
        f"{share:.0%} |\n"
    )


def _line(row: Row) -> str:
    cosines = " | ".join(_cell(one, 2) for one in (row.given, row.learnt, row.together))
    verdict = "yes" if row.holds else "no"
    return (
        f"| {row.side} | {row.channel} | {row.attack} | {row.refusals:.0f} | {cosines} | "
        f"{_cell(row.llr, 1)} | {row.verified} | {verdict} |\n"
    )


def _cell(values: tuple[float, float], digits: int) -> str:
    return "–" if values[0] == _NONE else f"{values[0]:.{digits}f}, {values[1]:.{digits}f}"


def _both(values: Sequence[float]) -> tuple[float, float]:
    finite = [value for value in values if value > float("-inf")] or [_NONE]
    return round(sum(finite) / len(finite), 4), round(max(finite), 4)
