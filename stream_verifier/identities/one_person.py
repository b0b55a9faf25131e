"""Which samples of an enrolment belong to one and the same person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from model.types import FaceSample, Vector, VoiceSample

SampleT = TypeVar("SampleT", FaceSample, VoiceSample)

# Means are steadier than samples: one person's come out closer, so two must be closer to join.
_JOIN_MARGIN = 0.1


@dataclass(slots=True)
class Group(Generic[SampleT]):
    """Samples that look or sound like one person.

    Attributes:
        mean: sum of the samples' unit vectors; only its direction matters.
        weight: how much they count, in pictures or in seconds of speech.
        samples: in the order in which they came.
        sources: which sources they are of.
    """

    mean: Vector
    weight: float = 0.0
    samples: list[SampleT] = field(default_factory=list)
    sources: frozenset[int] = frozenset()

    def joined(self, other: Group[SampleT]) -> Group[SampleT]:
        """Both as one."""
        return Group(
            mean=self.mean + other.mean,
            weight=self.weight + other.weight,
            samples=self.samples + other.samples,
            sources=self.sources | other.sources,
        )


class OnePerson(Generic[SampleT]):
    """Groups samples by likeness and tells the main person from others.

    Within a source, a call or a file, by leader clustering (Hartigan 1975): a sample joins the
    group whose running mean it is closest to, or founds one; groups whose means have become alike
    are joined. So the first sample decides nothing by itself, and a stray one neither spoils the
    mean nor stops the enrolment. Groups of several sources are then joined by their means, the
    most alike first: a person is of another mood, in another room or light there, so that less is
    asked of them, and means are surer than samples.

    Args:
        same_cosine: from this cosine to a group's mean on, a sample belongs to it.
        across_cosine: from this cosine between means on, groups of two sources are one person's.
    """

    def __init__(self, *, same_cosine: float, across_cosine: float | None = None) -> None:
        """Start without samples."""
        self._same_cosine = same_cosine
        self._across_cosine = same_cosine if across_cosine is None else across_cosine
        self._source = 0
        self._groups: list[Group[SampleT]] = []  # of sources that have ended
        self._here: list[Group[SampleT]] = []
        self._newest: SampleT | None = None
        self._people: list[Group[SampleT]] | None = None

    def begin_source(self) -> None:
        """Say that what comes is of another file."""
        self._source += 1
        self._groups = _across(self._groups + self._here, self._across_cosine)
        self._here = []

    def add(self, sample: SampleT, weight: float) -> None:
        """Take a sample in, worth ``weight`` pictures or seconds of speech."""
        unit = _unit(sample.vector)
        group = self._closest(unit)
        if group is None:
            group = Group(np.zeros_like(unit), sources=frozenset([self._source]))
            self._here.append(group)
        group.mean = group.mean + unit
        group.weight += weight
        group.samples.append(sample)
        self._join_alike(group)
        self._newest, self._people = sample, None

    @property
    def samples(self) -> list[SampleT]:
        """The main person's samples."""
        people = self._all()
        return people[0].samples if people else []

    @property
    def weight(self) -> float:
        """What the main person's samples are worth together."""
        people = self._all()
        return people[0].weight if people else 0.0

    @property
    def dropped(self) -> int:
        """How many samples are not the main person's."""
        return sum(len(group.samples) for group in self._all()[1:])

    @property
    def other_share(self) -> float:
        """What is not the main person's, as a share of all weight, 0 to 1.

        All others together: where two speak by turns, windows with both scatter over groups.
        """
        total = sum(group.weight for group in self._all())
        return 1 - self.weight / total if total else 0.0

    @property
    def newest_is_other(self) -> bool:
        """Whether the newest sample is not the main person's."""
        newest = self._newest
        return newest is not None and all(sample is not newest for sample in self.samples)

    def _closest(self, unit: Vector) -> Group[SampleT] | None:
        best = max(self._here, key=lambda group: _cosine(group.mean, unit), default=None)
        if best is None or _cosine(best.mean, unit) < self._same_cosine:
            return None
        return best

    def _join_alike(self, newest: Group[SampleT]) -> None:
        """Join a group with one that it has grown alike to."""
        alike = self._same_cosine + _JOIN_MARGIN
        for place, group in enumerate(self._here):
            if group is not newest and _cosine(group.mean, newest.mean) >= alike:
                self._here[place] = group.joined(newest)
                self._here = [one for one in self._here if one is not newest]
                return

    def _all(self) -> list[Group[SampleT]]:
        """Everybody, the main person first."""
        if self._people is None:
            self._people = _across(self._groups + self._here, self._across_cosine)
            self._people.sort(key=lambda group: -group.weight)
        return self._people


def _across(groups: list[Group[SampleT]], least: float) -> list[Group[SampleT]]:
    """Join groups that share no source, the most alike first."""
    left = list(groups)
    while (pair := _most_alike(left, least)) is not None:
        one, other = (left[place] for place in pair)
        left = [group for place, group in enumerate(left) if place not in pair] + [
            one.joined(other)
        ]
    return left


def _most_alike(groups: list[Group[SampleT]], least: float) -> tuple[int, int] | None:
    if len(groups) < 2:
        return None
    units = np.stack([_unit(group.mean) for group in groups])
    cosines = np.triu(units @ units.T, 1)
    pairs = np.argwhere(cosines >= least).tolist()
    apart = [(a, b) for a, b in pairs if not groups[a].sources & groups[b].sources]
    return max(apart, key=lambda pair: float(cosines[pair]), default=None)


def _unit(vector: Vector) -> Vector:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _cosine(a: Vector, b: Vector) -> float:
    return float(_unit(a) @ _unit(b))
