"""What pieces of a reference do to the shipped comparator's LLRs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.runtime.comparator import FusedNetwork, load_comparator
from model.runtime.reference import make_reference
from model.runtime.weights import Weights
from model.types import FaceQuality, FaceSample, Reference, Vector, VoiceQuality, VoiceSample

LOOKS = FaceQuality(120.0, 300.0, 0.0, 0.0, 0.5, 0.2, 0.9)
SOUNDS = VoiceQuality(3.0, 30.0, -25.0)


def _toward(angle_deg: float) -> Vector:
    """A voice so far from the first axis."""
    vector = np.zeros(192, np.float32)
    vector[:2] = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    return np.asarray(8 * vector, np.float32)


def _voice(angle_deg: float, speech_s: float = 3.0) -> VoiceSample:
    return VoiceSample(_toward(angle_deg), replace(SOUNDS, speech_s=speech_s))


FACE = FaceSample(9 * np.eye(1, 128, dtype=np.float32)[0], LOOKS)
MOODS = make_reference("m", [FACE], [_voice(0, 12.0), _voice(85)])
PLAIN = replace(MOODS, pieces=())


@pytest.fixture(scope="module")
def comparator() -> FusedNetwork:
    return load_comparator(Weights.load())


def _llr(comparator: FusedNetwork, reference: Reference, angle_deg: float) -> float:
    found = comparator.compare(reference, None, _voice(angle_deg))
    assert found.llr_voice is not None
    assert found.llr_fused == found.llr_voice
    return found.llr_voice


def test_a_mood_that_was_enrolled_does_not_speak_against_the_person(
    comparator: FusedNetwork,
) -> None:
    assert _llr(comparator, PLAIN, 85) < -2
    assert _llr(comparator, MOODS, 85) == 0


def test_between_moods_it_speaks_as_loud_as_beside_the_likest(comparator: FusedNetwork) -> None:
    beside = replace(PLAIN, voice=(_toward(85) / 8).astype(np.float32))
    for angle in (150, 155, 160):
        alone = _llr(comparator, beside, angle)
        assert _llr(comparator, PLAIN, angle) < alone < 0
        assert _llr(comparator, MOODS, angle) == pytest.approx(alone, abs=1e-4)


def test_what_speaks_for_somebody_comes_of_the_mean_alone(comparator: FusedNetwork) -> None:
    angle = float(np.rad2deg(np.arccos(MOODS.voice[0])))
    assert _llr(comparator, MOODS, angle) == _llr(comparator, PLAIN, angle) > 2
    assert _llr(comparator, MOODS, 0) == _llr(comparator, PLAIN, 0) > 2


def test_no_stranger_gains_by_it(comparator: FusedNetwork) -> None:
    stranger = VoiceSample(8 * np.eye(1, 192, 50, dtype=np.float32)[0], SOUNDS)
    plain, found = (comparator.compare(one, None, stranger).llr_voice for one in (PLAIN, MOODS))
    assert plain == pytest.approx(found, abs=1.0)
    assert found is not None
    assert found < -4


def test_face_and_both_together_are_judged_as_before(comparator: FusedNetwork) -> None:
    plain, found = (comparator.compare(one, FACE, _voice(85)) for one in (PLAIN, MOODS))
    assert (found.llr_face, found.llr_fused) == (plain.llr_face, plain.llr_fused)
    assert found.voice_cosine == plain.voice_cosine
    assert found.llr_voice == 0
