from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from model.runtime.weights import Weights
from model.types import (
    Comparison,
    FaceQuality,
    FaceSample,
    Reference,
    VoicePiece,
    VoiceQuality,
    VoiceSample,
)
from stream_verifier.errors import EnrolmentError
from stream_verifier.verify.operating import DecisionModel
from stream_verifier.verify.rehearsal import rehearse

FACES = [FaceSample(np.full(128, n, np.float32), FaceQuality(*[1.0] * 7)) for n in range(1, 4)]
VOICES = [VoiceSample(np.full(192, n, np.float32), VoiceQuality(3, 30, -20)) for n in range(1, 101)]
PIECES = (VoicePiece(np.ones(192, np.float32), 50.0), VoicePiece(np.ones(192, np.float32), 50.0))
REFERENCE = Reference(
    "m", np.ones(128, np.float32), np.ones(192, np.float32), 3, 100.0, pieces=PIECES
)


@dataclass
class _Comparator:
    """Says of a sample what its number says, and remembers which it was asked about."""

    faces: dict[int, float] = field(default_factory=dict)
    voices: dict[int, float] = field(default_factory=dict)
    asked: list[tuple[int, int]] = field(default_factory=list)
    name: str = "fake"
    operating_points: dict[str, float] = field(default_factory=dict)

    def compare(
        self, reference: Reference, face: FaceSample | None, voice: VoiceSample | None
    ) -> Comparison:
        assert face is not None
        assert voice is not None
        assert not reference.pieces, "each of two voices is like one of them"
        pair = int(face.vector[0]), int(voice.vector[0])
        self.asked.append(pair)
        return Comparison(
            0.5, 0.5, self.faces.get(pair[0], 4.0), self.voices.get(pair[1], 4.0), 0.0
        )


@pytest.fixture(scope="module")
def model() -> DecisionModel:
    return DecisionModel.load(Weights.load())


def _rehearse(model: DecisionModel, comparator: _Comparator, voices: list[VoiceSample]) -> None:
    rehearse(
        REFERENCE,
        FACES,
        voices,
        comparator=comparator,
        evidence=model.evidence,
        point=model.point("alarm_8h"),
    )


def test_every_sample_is_heard_and_seen_but_not_more_than_needed(model: DecisionModel) -> None:
    comparator = _Comparator()
    _rehearse(model, comparator, VOICES[:5])
    assert comparator.asked == [(1, 1), (2, 2), (3, 3), (1, 4), (2, 5)]
    comparator.asked.clear()
    _rehearse(model, comparator, VOICES)
    assert len(comparator.asked) == 24
    assert [voice for _, voice in comparator.asked][:3] == [1, 5, 9]
    assert comparator.asked[-1][1] > 95


def test_one_poor_sample_of_many_is_no_rejection(model: DecisionModel) -> None:
    _rehearse(model, _Comparator(faces={3: -0.5}), VOICES)


@pytest.mark.parametrize(
    ("faces", "voices", "says"),
    [
        (dict.fromkeys(range(1, 4), -3.0), {}, "pictures of the face .*show_face"),
        ({}, dict.fromkeys(range(1, 101), -3.0), "recordings of the voice .*quieter_place"),
    ],
)
def test_who_would_be_rejected_is_not_enrolled(
    faces: dict[int, float], voices: dict[int, float], says: str, model: DecisionModel
) -> None:
    with pytest.raises(EnrolmentError, match=says):
        _rehearse(model, _Comparator(faces, voices), VOICES)
