"""Somebody enrolled, in a call, and in other recordings later: what was known when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.sources.embedded import at_unit_length
from benchmarks.widening.voices import Rows, Voices
from model.evaluation.metrics import Floats
from model.runtime.reference import widened

PIECES, CALLED, DRAWS = 3, 4, 6
FAR = -3.0
"""Own speech below this LLR is what false alarms are made of."""
COHORT = 10
ENROLLED = {
    "seconds of speech": "fewer",
    "seconds of the shortest piece": "fewer",
    "SNR of the noisiest piece": "lower",
    "length of vectors": "shorter",
    "pieces beside their mean, cosine": "lower",
    "each piece by the others, least cosine": "lower",
    "each piece by the others, mean LLR": "lower",
    "each piece by the others, least LLR": "lower",
    "likeness to strangers of other sources": "more alike",
}
CALL = {
    "mean LLR": "lower",
    "median LLR": "lower",
    "lower quartile of LLRs": "lower",
    "least LLR": "lower",
    "share below 0": "larger",
    "share below -3": "larger",
}
"""What is known at the end of an enrolment and of a call, and which way it should count."""


@dataclass(frozen=True)
class Draw:
    """Rows of one person's speech.

    Attributes:
        enrolled, called, later: none is in two of them; in a mood each, where moods are known, and
            later in all others.
    """

    enrolled: Rows
    called: Rows
    later: Rows


@dataclass(frozen=True)
class Case:
    """One draw and what came of it.

    Attributes:
        person: number within the source.
        known: quantities of `ENROLLED` and `CALL`, each larger for whom it finds less well known.
        accepted: whether the call's speech is the person's by its mean LLR.
        later: LLRs of other recordings.
        wider: the same LLRs once the call's speech was added to the reference.
    """

    person: int
    known: dict[str, float]
    accepted: bool
    later: Floats
    wider: Floats


def cases(voices: Voices, strangers: Floats, *, seed: int = 0) -> list[Case]:
    """All draws of everybody in a source.

    Args:
        voices: of the source.
        strangers: mean directions of people of other sources, shape (n, d).
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    return [
        _case(voices, strangers, number, draw)
        for number, own in enumerate(voices.people)
        for draw in _draws(own, voices, rng)
    ]


def _draws(own: Rows, voices: Voices, rng: np.random.Generator) -> Iterator[Draw]:
    moods = voices.moods[own]
    names = np.unique(moods)
    if len(names) > 1:
        pairs = [(own[moods == a], own[moods == b]) for a in names for b in names if a != b]
        some = [(rng.permutation(a)[:PIECES], rng.permutation(b)[:CALLED], a, b) for a, b in pairs]
        drawn = [Draw(a, b, np.setdiff1d(own, np.concatenate(whole))) for a, b, *whole in some]
    else:
        first = PIECES if len(own) > 2 * PIECES else PIECES - 1
        middle = first + (len(own) - first) // 2
        mixed = [rng.permutation(own) for _ in range(DRAWS)]
        drawn = [Draw(*np.split(rows, [first, middle])) for rows in mixed]
    yield from (
        one for one in drawn if len(one.enrolled) > 1 and one.called.size and one.later.size
    )


def _case(voices: Voices, strangers: Floats, number: int, draw: Draw) -> Case:
    reference = voices.reference(draw.enrolled)
    called = np.array(voices.llrs(reference, draw.called))
    wide = widened(reference, voices.reference(draw.called))
    return Case(
        person=number,
        known=_enrolled(voices, draw.enrolled, strangers) | _call(called),
        accepted=bool(called.mean() > 0),
        later=np.array(voices.llrs(reference, draw.later)),
        wider=np.array(voices.llrs(wide, draw.later)),
    )


def _enrolled(voices: Voices, rows: Rows, strangers: Floats) -> dict[str, float]:
    units, heard = voices.enrolled[rows], [voices.heard[row] for row in rows]
    mean = at_unit_length(units.mean(axis=0))
    others = at_unit_length(units.sum(axis=0) - units)
    llrs = voices.among_themselves(rows)
    alike = np.sort(strangers @ mean)[-COHORT:].mean()
    lengths = np.linalg.norm(voices.spoken[rows], axis=1)
    values = (
        -voices.seconds[rows].sum(),
        -voices.seconds[rows].min(),
        -min(one.snr_db for one in heard),
        -lengths.mean(),
        -(units @ mean).mean(),
        -(units * others).sum(axis=1).min(),
        -np.mean(llrs),
        -min(llrs),
        alike,
    )
    return {name: float(value) for name, value in zip(ENROLLED, values, strict=True)}


def _call(llrs: Floats) -> dict[str, float]:
    values = (
        -llrs.mean(),
        -np.median(llrs),
        -np.quantile(llrs, 0.25),
        -llrs.min(),
        (llrs < 0).mean(),
        (llrs < FAR).mean(),
    )
    return {name: float(value) for name, value in zip(CALL, values, strict=True)}
