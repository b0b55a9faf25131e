from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.types import Comparison
from stream_verifier.errors import SettingsError
from stream_verifier.events.schema import Reason, State
from stream_verifier.verify.decision import (
    Decision,
    DecisionSettings,
    Thresholds,
    Verdict,
)
from stream_verifier.verify.observation import Observation

POINTS = {"fmr_1e-2": 2.0, "balanced": 0.0}
THRESHOLDS = Thresholds.at("fmr_1e-2", POINTS)


def observe(
    end_s: float,
    face: float | None = None,
    voice: float | None = None,
    *,
    notes: tuple[str, ...] = (),
    face_seen: bool | None = None,
    speech_heard: bool | None = None,
) -> Observation:
    both = face is not None and voice is not None
    fused = min(face, voice) if both else (face if voice is None else voice)  # type: ignore[type-var]
    return Observation(
        end_s=end_s,
        comparison=Comparison(face, voice, face, voice, fused),
        face_seen=face is not None if face_seen is None else face_seen,
        speech_heard=voice is not None if speech_heard is None else speech_heard,
        notes=notes,
    )


def play(*observations: Observation, decision: Decision | None = None) -> Verdict:
    decision = decision or Decision(thresholds=THRESHOLDS)
    for observation in observations:
        decision.update(observation)
    return decision.verdict


def test_thresholds_mirror_the_named_point_at_the_balanced_one() -> None:
    thresholds = Thresholds.at("fmr_1e-2", {"fmr_1e-2": 3.0, "balanced": 0.5})
    assert (thresholds.accept, thresholds.reject) == (3.0, -2.0)


def test_an_unknown_operating_point_names_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="balanced, fmr_1e-2"):
        Thresholds.at("fmr_1e-9", POINTS)


def test_it_waits_for_what_is_missing() -> None:
    decision = Decision(thresholds=THRESHOLDS)
    assert decision.verdict.state is State.WAITING
    verdict = decision.update(observe(1, face=5))
    assert verdict == Verdict(State.WAITING, (Reason.NO_SPEECH,), None)


def test_one_good_window_of_both_verifies() -> None:
    assert play(observe(1.5, face=5, voice=4)) == Verdict(State.VERIFIED, (), 4.0)


def test_both_wrong_rejects_and_names_both() -> None:
    verdict = play(observe(1.5, face=-5, voice=-4))
    assert verdict.state is State.REJECTED
    assert verdict.reasons == (Reason.FACE_MISMATCH, Reason.VOICE_MISMATCH)


@pytest.mark.parametrize(
    ("face", "voice", "reason"),
    [(8.0, -4.0, Reason.VOICE_MISMATCH), (-4.0, 8.0, Reason.FACE_MISMATCH)],
)
def test_one_wrong_side_rejects_and_is_named(face: float, voice: float, reason: Reason) -> None:
    verdict = play(observe(1, face, voice), observe(2, face, voice))
    assert verdict.state is State.REJECTED
    assert verdict.reasons == (reason,)


def test_a_wrong_face_alone_rejects_before_anyone_speaks() -> None:
    assert play(observe(1, face=-5)).state is State.WAITING
    verdict = play(observe(1, face=-5), observe(2, face=-5))
    assert (verdict.state, verdict.reasons) == (State.REJECTED, (Reason.FACE_MISMATCH,))


def test_a_swap_is_noticed_within_three_windows() -> None:
    before = [observe(t, 6, 5) for t in range(1, 10)]
    after = [observe(t, -6, -5) for t in range(10, 13)]
    assert play(*before).state is State.VERIFIED
    assert play(*before, *after).state is State.REJECTED


def test_nobody_there_is_absent_and_trust_does_not_come_back_by_itself() -> None:
    decision = Decision(thresholds=THRESHOLDS)
    play(observe(1, 6, 5), decision=decision)
    assert play(observe(5, notes=("no_face",)), decision=decision).state is State.ABSENT
    # The face comes back: one modality is not enough to be verified again.
    assert play(observe(6, face=6), decision=decision).state is State.WAITING


def test_silence_alone_ends_verified_after_the_voice_has_faded() -> None:
    settings = DecisionSettings(voice_ttl_s=15)
    decision = Decision(thresholds=THRESHOLDS, settings=settings)
    play(observe(1, 6, 5), decision=decision)
    assert play(*(observe(t, face=6) for t in range(2, 16)), decision=decision).state is (
        State.VERIFIED
    )
    verdict = play(observe(17, face=6), decision=decision)
    assert (verdict.state, verdict.reasons) == (State.UNCERTAIN, (Reason.NO_SPEECH,))


def test_a_voice_without_a_face_is_never_verified() -> None:
    decision = Decision(thresholds=THRESHOLDS)
    verdict = play(*(observe(t, voice=6) for t in range(1, 20)), decision=decision)
    assert verdict.state is not State.VERIFIED
    assert Reason.NO_FACE in verdict.reasons
    assert Reason.SPEAKER_NOT_ON_CAMERA in verdict.reasons


def test_a_media_gap_resets_trust() -> None:
    verdict = play(observe(1, 6, 5), observe(9, face=6, notes=("media_gap",)))
    assert verdict.state is not State.VERIFIED
    assert Reason.MEDIA_GAP in verdict.reasons


def test_several_faces_are_named_in_any_state() -> None:
    assert Reason.MULTIPLE_FACES in play(observe(1, 6, 5, notes=("multiple_faces",))).reasons


llrs = st.one_of(st.none(), st.floats(-10, 10))


@given(st.lists(st.tuples(st.floats(0.1, 5), llrs, llrs), max_size=40))
def test_verified_always_rests_on_fresh_evidence_of_both(
    steps: list[tuple[float, float | None, float | None]],
) -> None:
    decision, settings = Decision(thresholds=THRESHOLDS), DecisionSettings()
    now_s = face_s = voice_s = 0.0
    for step_s, face, voice in steps:
        now_s += step_s
        face_s = now_s if face is not None else face_s
        voice_s = now_s if voice is not None else voice_s
        verdict = decision.update(observe(now_s, face, voice))
        if verdict.state is State.VERIFIED:
            assert now_s - face_s <= settings.face_ttl_s
            assert now_s - voice_s <= settings.voice_ttl_s
        if verdict.state is State.REJECTED:
            assert {Reason.FACE_MISMATCH, Reason.VOICE_MISMATCH} & set(verdict.reasons)
