from __future__ import annotations

import numpy as np
import pytest

from benchmarks.widening import growing
from benchmarks.widening.adding import Judged, added
from benchmarks.widening.growing import Growth, grown
from benchmarks.widening.page import Added, Grown, page
from benchmarks.widening.voices import Voices
from model.evaluation.metrics import Floats
from model.types import Comparison, Reference, VoiceQuality, VoiceSample

HEARD = VoiceQuality(3.0, 30.0, -25.0)


class ByAngle:
    """An LLR that falls with the angle: 0 at 45 degrees."""

    def compare(self, reference: Reference, _: object, voice: VoiceSample) -> Comparison:
        unit = voice.vector / np.linalg.norm(voice.vector)
        angle = float(np.degrees(np.arccos(np.clip(reference.voice @ unit, -1, 1))))
        return Comparison(None, None, None, (45 - angle) / 10, None)


def directions(*degrees: float) -> Floats:
    """In a plane of the space of voices."""
    vectors = np.zeros((len(degrees), 192))
    vectors[:, 0], vectors[:, 1] = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return vectors


def voices(*people: list[float], calm: list[bool] | None = None) -> Voices:
    """People who speak in these directions, each stretch 3 s long."""
    ends = np.cumsum([0, *map(len, people)])
    flat = directions(*(angle for person in people for angle in person))
    return Voices(
        people=[np.arange(a, b) for a, b in zip(ends, ends[1:], strict=False)],
        moods=np.where(calm or [True] * len(flat), "N", "W"),
        spoken=4 * flat,
        heard=[HEARD] * len(flat),
        probed=5 * flat,
        quality=[HEARD] * len(flat),
        comparator=ByAngle(),  # type: ignore[arg-type]
    )


def test_a_reference_is_the_mean_direction_and_length_does_not_count() -> None:
    two = voices([0, 60])
    mean = two.reference(np.array([0, 1]))
    assert mean.voice == pytest.approx(directions(30)[0])
    assert two.llrs(mean, np.array([0, 1])) == pytest.approx([1.5, 1.5], abs=1e-3)


def test_another_mood_that_is_added_is_known_afterwards() -> None:
    calm = [True] * 3 + [False] * 3
    judged = added(voices([0, 0, 0, 80, 80, 80], [180] * 6, calm=calm * 2), pieces=2, moods=True)
    assert judged is not None
    own = judged.mated
    assert set(judged.person.tolist()) == {0, 1}
    # What is left of the first person: one calm stretch, one of the other mood.
    first = own & (judged.person == 0)
    assert sorted(np.round(judged.before[first], 2)) == [-3.5] * 4 + [4.5] * 4
    assert judged.after[first] == pytest.approx(0.5, abs=1e-3)
    assert judged.shares(judged.before)["own_below_3"] > 0
    assert judged.shares(judged.after)["own_below_0"] == 0
    assert judged.shares(judged.after)["others_above_0"] == 0


def test_who_has_too_little_speech_is_left_out() -> None:
    assert added(voices([0, 0, 0], [180, 180, 180]), pieces=2, moods=False) is None


def test_a_reference_that_grows_is_steered_further_than_a_stranger_gets_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(growing, "ROUNDS", 8)
    two = voices([0] * 8, [70] * 8)
    found = grown(two, accepted=0.0, weight=1.0, moods=False)
    assert (found.own_before, found.stranger_before) == (0, 0)
    # The stranger's own speech is never accepted; what lies between is, step by step.
    assert found.stranger_after == 0
    assert found.steered_after == 100
    firm = grown(two, accepted=0.0, weight=0.1, moods=False)
    assert firm.steered_after == 0


def test_the_page_has_a_row_for_each() -> None:
    mated = np.array([True, False] * 4)
    judged = Judged(
        np.where(mated, -4.0, -5.0), np.where(mated, 4.0, -5.0), mated, np.arange(8) // 4
    )
    growth = Growth(20.0, 10.0, 5.0, 24.0, 64.0)
    text = page(
        [Added("talk shows", "call", judged)],
        [Grown("talk shows", "call", -2.0, 0.5, growth)],
        pack="dev",
        model="m",
    )
    assert "| call | talk shows | 2 | 4 / 4 | 0.00 → 0.00 |" in text
    assert "| 100.0 → 0.0 | 100.0 → 0.0 | 0.0 → 0.0 |" in text
    assert "| call | talk shows | -2 | 0.5 | 20.0 → 10.0 | 5 | 24 | 64 |" in text
