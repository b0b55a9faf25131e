"""People's speech as vectors, and what a reference says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.sources.embedded import Embedded, at_unit_length
from benchmarks.sources.units import Speech
from model.evaluation.metrics import Floats
from model.runtime.comparator import FusedNetwork
from model.runtime.reference import FACE_SIZE, make_reference
from model.types import FaceQuality, FaceSample, Reference, VoiceQuality, VoiceSample

_NOBODY = FaceSample(np.eye(1, FACE_SIZE, dtype=np.float32)[0], FaceQuality(*[0.0] * 7))
_HEARD = VoiceQuality(speech_s=0.0, snr_db=40.0, level_dbfs=-25.0)
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Voices:
    """All speech of one source, enrolled clean and probed under a condition.

    Attributes:
        people: rows of each person's stretches.
        moods: of each stretch; empty where nobody says.
        spoken: vectors as enrolled, shape (n, d).
        heard: their quality.
        probed: vectors as probed, shape (n, d).
        quality: of the probes.
        comparator: judges.
    """

    people: Sequence[Rows]
    moods: NDArray[np.str_]
    spoken: Floats
    heard: Sequence[VoiceQuality]
    probed: Floats
    quality: Sequence[VoiceQuality]
    comparator: FusedNetwork

    @cached_property
    def calm(self) -> NDArray[np.bool_]:
        """Of each stretch, whether it is of a calm mood."""
        return np.asarray(self.moods == "N")

    @cached_property
    def enrolled(self) -> Floats:
        """Directions as enrolled, shape (n, d)."""
        return at_unit_length(self.spoken)

    @cached_property
    def seconds(self) -> Floats:
        """Of speech in each, as enrolled."""
        return np.array([one.speech_s for one in self.heard])

    def reference(self, rows: Rows) -> Reference:
        """What an enrolment makes of stretches; its face is nobody's."""
        heard = [
            VoiceSample(self.enrolled[row].astype(np.float32), replace(_HEARD, speech_s=seconds))
            for row, seconds in zip(rows, self.seconds[rows].tolist(), strict=True)
        ]
        return make_reference("", [_NOBODY], heard)

    def llr(self, reference: Reference, row: int, vector: Floats | None = None) -> float:
        """The voice's LLR of a stretch, or of another vector with its quality."""
        probe = self.probed[row] if vector is None else vector
        return self._judged(reference, probe, self.quality[row])

    def llrs(self, reference: Reference, rows: Rows) -> list[float]:
        """Those of several stretches."""
        return [self.llr(reference, int(row)) for row in rows]

    def among_themselves(self, rows: Rows) -> list[float]:
        """The LLR of each stretch as enrolled by a reference of the others."""
        return [
            self._judged(self.reference(rows[rows != row]), self.spoken[row], self.heard[row])
            for row in rows
        ]

    def _judged(self, reference: Reference, vector: Floats, quality: VoiceQuality) -> float:
        sample = VoiceSample(np.asarray(vector, np.float32), quality)
        llr = self.comparator.compare(reference, None, sample).llr_voice
        if llr is None:
            raise AssertionError("a stretch of speech has an LLR")
        return llr


def voices_of(
    units: Sequence[Speech], source: str, clean: Embedded, probed: Embedded, by: FusedNetwork
) -> Voices:
    """Take one source out of all; stretches in which nothing was heard are left out."""
    rows = [
        row
        for row, unit in enumerate(units)
        if unit.source == source and clean.quality[row] and probed.quality[row]
    ]
    people: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        people[units[row].person].append(place)
    return Voices(
        people=[np.array(own) for own in people.values()],
        moods=np.array([units[row].mood for row in rows]),
        spoken=np.asarray(clean.vectors[rows], float),
        heard=[one for row in rows if (one := clean.quality[row])],
        probed=np.asarray(probed.vectors[rows], float),
        quality=[one for row in rows if (one := probed.quality[row])],
        comparator=by,
    )
