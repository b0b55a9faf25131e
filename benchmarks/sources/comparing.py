"""Trials within one source: each person's references against all of that source's probes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.sources.embedded import Embedded, at_unit_length
from benchmarks.sources.units import Portrait, Speech
from model.evaluation import metrics
from model.evaluation.metrics import Flags, Floats, Ladder

PIECES = 3
"""A reference is made of so many stretches, or pictures, as the packs' chimeras are."""
REFERENCES, MOST_STRANGERS = 4, 30
ROUNDS = 300

Units = Sequence[Speech | Portrait]


@dataclass(frozen=True)
class Trials:
    """Comparisons as rows of units.

    Attributes:
        reference: shape (n, pieces), -1 where a reference has fewer.
        probe: shape (n,).
        mated: shape (n,).
        person: number of the claimed person, shape (n,).
    """

    reference: NDArray[np.intp]
    probe: NDArray[np.intp]
    mated: Flags
    person: NDArray[np.intp]


def trials(
    units: Units, source: str, moods: tuple[str, str] | None = None, *, most: int = PIECES
) -> Trials | None:
    """All trials of a source, each person enrolled several times with other pieces.

    Args:
        units: of all sources.
        source: whose.
        moods: where given, letters of the moods that are enrolled, and of those that are probed.
        most: pieces of a reference.

    Returns:
        None where nobody has enough.
    """
    rng, rows = np.random.default_rng(0), []
    people: dict[str, list[int]] = {}
    for row, one in enumerate(units):
        if one.source == source:
            people.setdefault(one.person, []).append(row)
    for number, (who, own) in enumerate(people.items()):
        pool = [row for row in own if _is(units[row], moods and moods[0])]
        pieces = min(most, len(pool) - (moods is None))
        if pieces < 1:
            continue
        others = [name for name in people if name != who]
        some = [others[k] for k in rng.permutation(len(others))[:MOST_STRANGERS]]
        for _ in range(REFERENCES if len(people) <= MOST_STRANGERS else 1):
            chosen = [pool[k] for k in rng.permutation(len(pool))[:pieces]]
            probes = [(row, True) for row in own if row not in chosen]
            probes += [(row, False) for name in some for row in people[name]]
            filled = chosen + [-1] * (most - pieces)
            rows += [
                (filled, row, mated, number)
                for row, mated in probes
                if _is(units[row], moods and moods[1])
            ]
    if not {True, False} <= {row[2] for row in rows}:
        return None
    reference, probe, mated, person = zip(*rows, strict=True)
    return Trials(np.array(reference), np.array(probe), np.array(mated), np.array(person))


@dataclass(frozen=True)
class Sides:
    """Both sides of some trials, by one pair of towers; all at unit length but ``raw``.

    Attributes:
        mean: shape (n, d), of the reference.
        pieces: shape (n, pieces, d), NaN where a reference has fewer.
        probe: shape (n, d).
        raw: the probe as the tower gave it.
    """

    mean: Floats
    pieces: Floats
    probe: Floats
    raw: Floats

    def cosine(self) -> Floats:
        """Of mean and probe."""
        return np.asarray((self.mean * self.probe).sum(axis=1))

    def nearest(self) -> Floats:
        """The piece that each probe is nearest to, shape (n, d)."""
        cosines = np.einsum("npd,nd->np", np.nan_to_num(self.pieces, nan=0.0), self.probe)
        cosines[np.isnan(self.pieces[:, :, 0])] = -np.inf
        return np.asarray(self.pieces[np.arange(len(self.probe)), cosines.argmax(axis=1)])


def sides(enrolled: Embedded, probed: Embedded, chosen: Trials) -> Sides:
    """Look up the vectors of trials."""
    units = at_unit_length(enrolled.vectors).astype(np.float64)
    pieces = units[chosen.reference]
    pieces[chosen.reference < 0] = np.nan
    weights = np.array([q.speech_s if q else 1.0 for q in enrolled.quality] or [1.0])
    each = weights[chosen.reference] if enrolled.quality else np.ones(chosen.reference.shape)
    mean = np.nansum(pieces * each[:, :, None], axis=1)
    raw = probed.vectors[chosen.probe].astype(np.float64)
    return Sides(np.asarray(at_unit_length(mean), float), pieces, at_unit_length(raw), raw)


def eer(scores: Floats, mated: Flags) -> float:
    """Equal error rate."""
    return metrics.equal_error_rate(scores, mated)


def interval(
    make: Callable[[Floats, Floats], Floats], chosen: Trials, first: Floats, second: Floats
) -> tuple[float, float]:
    """95 % of a difference of error rates, by bootstrap over the claimed people."""
    people = int(chosen.person.max()) + 1
    draws = metrics.draws(people, ROUNDS)[1:]
    rates, whole = [], np.ones(ROUNDS, bool)
    for scores in (first, second):
        mated, other = Ladder(scores, chosen.mated, chosen.person).counts(draws)
        whole &= (mated.sum(axis=1) > 0) & (other.sum(axis=1) > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            rates.append(metrics.crossing(*metrics.rates(mated, other)))
    low, high = np.percentile(make(*rates)[whole], [2.5, 97.5])
    return float(low), float(high)


def _is(one: Speech | Portrait, moods: str | None) -> bool:
    return moods is None or (isinstance(one, Speech) and one.mood in moods)
