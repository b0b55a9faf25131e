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
    """

    mean: Vector
    weight: float = 0.0
    samples: list[SampleT] = field(default_factory=list)


class OnePerson(Generic[SampleT]):
    """Groups samples by likeness and tells the main person from others.

    Leader clustering (Hartigan 1975): a sample joins the group whose running mean it is closest
    to, or founds one; groups whose means have become alike are joined. So the first sample
    decides nothing by itself, and a stray one neither spoils the mean nor stops the enrolment.

    Args:
        same_cosine: from this cosine to a group's mean on, a sample belongs to it.
    """

    def __init__(self, *, same_cosine: float) -> None:
        """Start without samples."""
        self._same_cosine = same_cosine
        self._groups: list[Group[SampleT]] = []
        self._newest: Group[SampleT] | None = None

    def add(self, sample: SampleT, weight: float) -> None:
        """Take a sample in, worth ``weight`` pictures or seconds of speech."""
        unit = _unit(sample.vector)
        group = self._closest(unit)
        if group is None:
            group = Group(np.zeros_like(unit))
            self._groups.append(group)
        group.mean = group.mean + unit
        group.weight += weight
        group.samples.append(sample)
        self._newest = group
        self._join_alike()

    @property
    def samples(self) -> list[SampleT]:
        """The main person's samples."""
        return self._groups[0].samples if self._groups else []

    @property
    def weight(self) -> float:
        """What the main person's samples are worth together."""
        return self._groups[0].weight if self._groups else 0.0

    @property
    def dropped(self) -> int:
        """How many samples are not the main person's."""
        return sum(len(group.samples) for group in self._groups[1:])

    @property
    def other_share(self) -> float:
        """What is not the main person's, as a share of all weight, 0 to 1.

        All others together: where two speak by turns, windows with both scatter over groups.
        """
        total = sum(group.weight for group in self._groups)
        return 1 - self.weight / total if total else 0.0

    @property
    def newest_is_other(self) -> bool:
        """Whether the newest sample is not the main person's."""
        return self._newest is not None and self._newest is not self._groups[0]

    def _closest(self, unit: Vector) -> Group[SampleT] | None:
        best = max(self._groups, key=lambda group: _cosine(group.mean, unit), default=None)
        if best is None or _cosine(best.mean, unit) < self._same_cosine:
            return None
        return best

    def _join_alike(self) -> None:
        """Join the newest group with one it has grown alike to; the heaviest group comes first."""
        newest = self._newest
        alike = self._same_cosine + _JOIN_MARGIN
        for group in self._groups:
            if newest is None or group is newest:
                continue
            if _cosine(group.mean, newest.mean) >= alike:
                group.mean = group.mean + newest.mean
                group.weight += newest.weight
                group.samples += newest.samples
                self._groups = [one for one in self._groups if one is not newest]
                self._newest = group
                break
        self._groups.sort(key=lambda group: -group.weight)


def _unit(vector: Vector) -> Vector:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _cosine(a: Vector, b: Vector) -> float:
    return float(_unit(a) @ _unit(b))
