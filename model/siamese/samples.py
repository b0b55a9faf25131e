"""Embedded training samples of one modality, and references and trials drawn from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model.errors import PackError
from model.types import Vector

REFERENCE_UNITS = 3
"""A reference averages up to this many clean units, as the packs' chimeras do."""

Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Samples:
    """Samples of one modality.

    Attributes:
        vectors: shape (n, d), as the tower gives them.
        qualities: shape (n, q), as ``model.runtime.comparator`` orders them.
        person: shape (n,), number of the person in ``people``.
        unit: shape (n,), which picture or stretch of speech of the person it was made of.
        clean: shape (n,), whole and undamaged: what references are made of.
        people: "source/name".
    """

    vectors: Vector
    qualities: Vector
    person: Indices
    unit: Indices
    clean: Flags
    people: tuple[str, ...]

    @cached_property
    def sources(self) -> NDArray[np.str_]:
        """Shape (people,): each person's data set."""
        return np.array([name.split("/")[0] for name in self.people])

    def of_people(self, chosen: Flags) -> Samples:
        """The samples of some people; shape of ``chosen`` (people,)."""
        rows = chosen[self.person]
        number = np.cumsum(chosen) - 1
        return Samples(
            vectors=self.vectors[rows],
            qualities=self.qualities[rows],
            person=number[self.person[rows]],
            unit=self.unit[rows],
            clean=self.clean[rows],
            people=tuple(name for name, keep in zip(self.people, chosen, strict=True) if keep),
        )


@dataclass(frozen=True)
class Trials:
    """Comparisons of one modality.

    Attributes:
        probe: row of the probe, shape (n,).
        reference: unit vectors, shape (n, d).
        mated: shape (n,).
        target: number of the claimed person, shape (n,).
    """

    probe: Indices
    reference: Vector
    mated: Flags
    target: Indices


class TrialMaker:
    """Draws trials: a probe against a reference of up to three other clean units of a person.

    Non-mated trials stay within one source, so that the channel gives nothing away. Sources are
    drawn by the square root of their number of people: no source drowns the others, and a source
    of few people is not repeated without end.

    Args:
        samples: of one modality.
        least: units that a reference averages at least, where the person has so many.

    Raises:
        PackError: fewer than two people of one source have two clean units.
    """

    def __init__(self, samples: Samples, *, least: int = 1) -> None:
        self._samples, self._least = samples, least
        self._unit_vectors = _unit(samples.vectors)
        count = len(samples.people)
        self._rows = [np.flatnonzero(samples.person == p) for p in range(count)]
        self._clean = [rows[samples.clean[rows]] for rows in self._rows]
        usable = [p for p in range(count) if len(self._clean[p]) >= 2]
        by_source = _group(usable, samples.sources)
        self._people = {source: people for source, people in by_source.items() if len(people) > 1}
        if not self._people:
            raise PackError(
                "training needs two people of one source with two good files each: add files"
            )
        weights = np.sqrt([len(people) for people in self._people.values()])
        self._chances = weights / weights.sum()

    def draw(self, mated: Flags, rng: np.random.Generator) -> Trials:
        """Draw one trial for each flag.

        Args:
            mated: shape (n,), whether probe and reference shall be one person's.
            rng: everything random follows from it.
        """
        groups = list(self._people.values())
        source = rng.choice(len(groups), len(mated), p=self._chances)
        drawn = [self._one(groups[s], bool(m), rng) for s, m in zip(source, mated, strict=True)]
        probe, target, reference = zip(*drawn, strict=True)
        return Trials(np.array(probe), np.stack(reference), mated.copy(), np.array(target))

    def _one(
        self, people: list[int], mated: bool, rng: np.random.Generator
    ) -> tuple[int, int, Vector]:
        person, other = (people[i] for i in rng.choice(len(people), 2, replace=False))
        return self._against(int(rng.choice(self._rows[person])), person if mated else other, rng)

    def _against(self, row: int, target: int, rng: np.random.Generator) -> tuple[int, int, Vector]:
        clean = self._clean[target]
        if self._samples.person[row] == target:
            clean = clean[self._samples.unit[clean] != self._samples.unit[row]]
        chosen = rng.permutation(clean)[: int(rng.integers(self._least, REFERENCE_UNITS + 1))]
        mean = self._unit_vectors[chosen].mean(axis=0)
        return row, target, mean / np.linalg.norm(mean)


def _group(people: Iterable[int], sources: NDArray[np.str_]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for person in people:
        groups.setdefault(str(sources[person]), []).append(person)
    return groups


def _unit(vectors: Vector) -> Vector:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))
