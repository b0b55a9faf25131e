"""References that grow by themselves out of accepted calls: what it brings, and who steers it.

Nothing here is served. A call's speech is taken in where the reference as it is accepts it, the
newest eight times, with half the weight of what was enrolled at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.sources.embedded import at_unit_length
from benchmarks.widening.voices import Rows, Voices
from model.evaluation.metrics import Floats
from model.types import Reference, Vector

PIECES, KEPT, FULL_AT, ROUNDS, STEPS = 3, 8, 4, 20, 21


@dataclass(frozen=True)
class Growth:
    """Means over people, in percent.

    Attributes:
        own_before, own_after: the person's own speech below an LLR of -3.
        stranger_before: speech of the stranger most alike above 0.
        stranger_after: the same, after that stranger spoke in the person's calls.
        steered_after: the same, after voices on the way to that stranger's were shown.
    """

    own_before: float
    own_after: float
    stranger_before: float
    stranger_after: float
    steered_after: float


def grown(voices: Voices, *, accepted: float, weight: float, moods: bool, seed: int = 0) -> Growth:
    """Let references grow out of the person's own calls, and of an impostor's with the right face.

    Args:
        voices: of one source.
        accepted: the voice's LLR from which on speech is taken in.
        weight: of all that was taken in, beside what was enrolled.
        moods: whether to enrol calm stretches.
        seed: of the draws.
    """
    rng, found = np.random.default_rng(seed), []
    for number, own in enumerate(voices.people):
        mixed = rng.permutation(own)
        pool = mixed[voices.calm[mixed]] if moods else mixed
        enrolled = pool[:PIECES]
        rest = np.setdiff1d(mixed, enrolled)
        if len(enrolled) < PIECES or len(rest) < 2:
            continue
        growing = _Growing(voices, voices.reference(enrolled), accepted, weight)
        calls, probes = np.split(rng.permutation(rest), [len(rest) // 2])
        stranger = _most_alike(voices, number, growing.enrolled.voice)
        found.append(
            [
                growing.refused(growing.enrolled, probes),
                growing.refused(growing.through(calls), probes),
                growing.taken(growing.enrolled, stranger),
                growing.taken(growing.through(np.tile(stranger[::2], 3)), stranger[1::2]),
                growing.taken(growing.steered(stranger), stranger),
            ]
        )
    return Growth(*(100 * np.mean(found, axis=0)))


@dataclass(frozen=True)
class _Growing:
    voices: Voices
    enrolled: Reference
    accepted: float
    weight: float

    def refused(self, reference: Reference, rows: Rows) -> float:
        return float(np.mean([llr < -3 for llr in self.voices.llrs(reference, rows)]))

    def taken(self, reference: Reference, rows: Rows) -> float:
        return float(np.mean([llr > 0 for llr in self.voices.llrs(reference, rows)]))

    def through(self, calls: Rows) -> Reference:
        """The reference after calls, each a stretch of speech."""
        kept: list[Floats] = []
        for row in calls:
            if self.voices.llr(self._with(kept), int(row)) >= self.accepted:
                kept = [*kept, at_unit_length(self.voices.probed[row])][-KEPT:]
        return self._with(kept)

    def steered(self, stranger: Rows) -> Reference:
        """After calls of who shows each time the voice nearest to a stranger's that is accepted.

        In the space of vectors: who converts voices can aim there, and knows no cosines.
        """
        aim = at_unit_length(at_unit_length(self.voices.probed[stranger]).sum(axis=0))
        length = float(np.median(np.linalg.norm(self.voices.probed[stranger], axis=1)))
        kept: list[Floats] = []
        for _ in range(ROUNDS):
            reference = self._with(kept)
            for share in np.linspace(1, 0, STEPS):
                shown = at_unit_length((1 - share) * self.enrolled.voice + share * aim)
                if self.voices.llr(reference, int(stranger[0]), shown * length) >= self.accepted:
                    kept = [*kept, shown][-KEPT:]
                    break
        return self._with(kept)

    def _with(self, kept: Sequence[Floats]) -> Reference:
        if not kept:
            return self.enrolled
        share = self.weight * min(1.0, len(kept) / FULL_AT)
        voice = at_unit_length(self.enrolled.voice + share * np.mean(kept, axis=0))
        return replace(self.enrolled, voice=voice.astype(np.float32))


def _most_alike(voices: Voices, number: int, reference: Vector) -> Rows:
    others = [rows for k, rows in enumerate(voices.people) if k != number and len(rows) > 1]
    return max(others, key=lambda rows: float((voices.enrolled[rows] @ reference).mean()))
