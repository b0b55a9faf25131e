"""Writes the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.widening.adding import Judged
from benchmarks.widening.growing import FULL_AT, KEPT, Growth

_HEAD = """\
# References to which more is added

Written by `python -m benchmarks.widening` on pack `{pack}` with the model `{model}`; no training
has seen these people. LLRs are the voice's alone, natural logarithms, as the shipped comparator
gives them. A source's people are compared within it, so that the channel gives nothing away.

## Added by somebody

Enrolled with three stretches of about 3 s (read English: one), then as many again were added: what
`stream-verifier enroll --add`, `POST /identities/NAME?add=true` and *Add to what is stored* do.
What is left of a person's speech, and up to 150 stretches of strangers, are judged before and
after. The interval is of the difference of equal error rates, in points, by bootstrap over people.

| condition | source | people | trials | EER, % | change | own below 0, % | own below -3, % \
| strangers above 0, % | above 2, % |
|---|---|---|---|---|---|---|---|---|---|
"""
_GROWTH = """
## Grown by itself

Not served; [0029](../decisions/0029-added-not-grown.md) says why. Half of a person's other speech
came as calls, each of which was taken in where the voice's LLR was *accepted* or more: the newest
{kept} of them, with *weight* times what was enrolled once there are {full}. *The stranger most
alike* has the right face and speaks in calls of that name; *steered* is one who can show any voice
between the enrolled one and that stranger's, and shows the farthest that is accepted, 20 times.

| condition | source | accepted | weight | own below -3, % | of the stranger most alike above 0, % \
| after calls of that stranger | steered |
|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Added:
    """A row of the first table."""

    source: str
    condition: str
    judged: Judged


@dataclass(frozen=True)
class Grown:
    """A row of the second table."""

    source: str
    condition: str
    accepted: float
    weight: float
    growth: Growth


def page(additions: Sequence[Added], growths: Sequence[Grown], *, pack: str, model: str) -> str:
    """The page of both tables."""
    lines = [_HEAD.format(pack=pack, model=model), *map(_added, additions)]
    lines += [_GROWTH.format(kept=KEPT, full=FULL_AT), *map(_grown, growths)]
    return "".join(lines)


def _added(row: Added) -> str:
    judged = row.judged
    before, after = judged.shares(judged.before), judged.shares(judged.after)
    both = {name: f"{before[name]:.1f} → {after[name]:.1f}" for name in before}
    low, high = judged.change()
    trials = f"{int(judged.mated.sum())} / {int((~judged.mated).sum())}"
    cells = [
        row.condition,
        row.source,
        str(len(set(judged.person.tolist()))),
        trials,
        f"{before['eer']:.2f} → {after['eer']:.2f}",
        f"{low:+.2f} to {high:+.2f}",
        both["own_below_0"],
        both["own_below_3"],
        both["others_above_0"],
        both["others_above_2"],
    ]
    return f"| {' | '.join(cells)} |\n"


def _grown(row: Grown) -> str:
    growth = row.growth
    cells = [
        row.condition,
        row.source,
        f"{row.accepted:g}",
        f"{row.weight:g}",
        f"{growth.own_before:.1f} → {growth.own_after:.1f}",
        f"{growth.stranger_before:.0f}",
        f"{growth.stranger_after:.0f}",
        f"{growth.steered_after:.0f}",
    ]
    return f"| {' | '.join(cells)} |\n"
