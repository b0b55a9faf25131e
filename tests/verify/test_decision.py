from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.events.schema import Reason, State
from stream_verifier.verify.channels.channel import Reading
from stream_verifier.verify.decision import Decision, DecisionSettings
from stream_verifier.verify.freshness import Freshness
from stream_verifier.verify.observation import Observation
from stream_verifier.verify.operating import FilterModel, OperatingPoint, Sure, Worth
from tests.support.decision_media import EVIDENCE, POINT, make_decision, observe, play


def test_it_waits_for_what_is_missing() -> None:
    decision = make_decision()
    assert decision.verdict.state is State.WAITING
    assert decision.verdict.odds is None
    verdict = decision.update(observe(1, face=5))
    assert (verdict.state, verdict.reasons) == (State.WAITING, (Reason.NO_SPEECH,))
    assert verdict.odds is not None
    assert verdict.odds.face > 2 > verdict.odds.both


def test_good_windows_of_both_verify() -> None:
    verdict = play(observe(1.5, face=5, voice=4), observe(2.5, face=5, voice=4))
    assert (verdict.state, verdict.reasons) == (State.VERIFIED, ())
    assert verdict.llr is not None
    assert verdict.llr >= 2


def test_both_wrong_rejects_and_names_both() -> None:
    verdict = play(observe(1.5, face=-8, voice=-4), observe(2.5, face=-8, voice=-4))
    assert verdict.state is State.REJECTED
    assert verdict.reasons == (Reason.FACE_MISMATCH, Reason.VOICE_MISMATCH)


@pytest.mark.parametrize(
    ("face", "voice", "reason"),
    [(8.0, -4.0, Reason.VOICE_MISMATCH), (-4.0, 8.0, Reason.FACE_MISMATCH)],
)
def test_one_wrong_side_rejects_and_is_named(face: float, voice: float, reason: Reason) -> None:
    verdict = play(*(observe(t, face, voice) for t in (1, 2, 3)))
    assert verdict.state is State.REJECTED
    assert verdict.reasons == (reason,)


def test_a_wrong_face_alone_rejects_before_anyone_speaks() -> None:
    assert play(observe(1, face=-5)).state is State.WAITING
    verdict = play(observe(1, face=-5), observe(2, face=-5))
    assert (verdict.state, verdict.reasons) == (State.REJECTED, (Reason.FACE_MISMATCH,))


def test_no_single_window_overturns_long_trust() -> None:
    long_trusted = [observe(t, 9, 8) for t in range(1, 30)]
    glitch = [observe(30, -13, 8)]
    assert play(*long_trusted, *glitch).state is not State.REJECTED


def test_the_same_picture_and_the_same_speech_are_no_new_evidence() -> None:
    once = [observe(1, -5, 1, face_s=0.9, span=(0, 1))]
    again = [observe(t, -5, 1, face_s=0.9, span=(0, 1)) for t in (1.5, 2, 2.5)]
    first, later = play(*once).odds, play(*once, *again).odds
    assert first is not None
    assert later is not None
    assert later.face >= first.face  # trust in the swap fades, no evidence was added
    assert later.voice <= first.voice


def test_speech_that_overlaps_counts_for_what_is_new_in_it() -> None:
    fresh = play(observe(3, voice=2, span=(0, 3)), observe(6, voice=2, span=(3.5, 6)))
    overlapping = play(observe(3, voice=2, span=(0, 3)), observe(4, voice=2, span=(1, 4)))
    assert fresh.odds is not None
    assert overlapping.odds is not None
    assert fresh.odds.voice > overlapping.odds.voice + 0.5


def test_a_small_doubt_within_the_slack_says_nothing() -> None:
    worth = Worth(first=1.0, per_s=1.0, limit=4.0, slack=2.0)
    freshness = Freshness(worth)
    found = [freshness.evidence(llr, 0.0, end_s) for end_s, llr in ((1, -1.5), (2, -3), (3, 1.5))]
    assert found == [0.0, -1.0, 1.5]


def test_trust_ends_at_a_ceiling_so_that_a_swap_is_noticed_soon() -> None:
    bounded = EVIDENCE.model_copy(update={"ceiling": 2.5})
    decisions = [Decision(evidence=evidence, point=POINT) for evidence in (EVIDENCE, bounded)]
    for decision in decisions:
        play(*(observe(t, 9, 8) for t in range(1, 40)), decision=decision)
    long, short = (decision.verdict.odds for decision in decisions)
    assert long is not None
    assert short is not None
    assert (short.face, short.voice) == pytest.approx((2.5, 2.5), abs=1e-2)
    assert long.both > short.both + 1
    first = [
        next(t for t in range(40, 60) if decision.update(observe(t, 9, -5)).state is State.REJECTED)
        for decision in decisions
    ]
    assert first[1] < first[0]


def test_a_rejected_call_comes_back_only_beyond_even_odds() -> None:
    decision = make_decision()
    play(*(observe(t, 6, -6) for t in (1, 2, 3)), decision=decision)
    states = [play(observe(t, 6, 4), decision=decision) for t in range(4, 12)]
    assert states[0].state is State.REJECTED
    for verdict in states:
        assert verdict.llr is not None
        assert (verdict.state is State.REJECTED) == (verdict.llr <= 0)
    assert states[-1].state is State.VERIFIED


def test_another_track_of_a_face_must_earn_trust_anew() -> None:
    decision = make_decision()
    play(*(observe(t, 9, 8) for t in range(1, 20)), decision=decision)
    verdict = play(observe(20, -1, 8, track=1), decision=decision)
    assert verdict.odds is not None
    assert verdict.odds.face < 0
    assert verdict.state is State.UNCERTAIN


@pytest.mark.parametrize("turn_s", [1, 2, 5])
def test_two_faces_by_turns_are_never_verified(turn_s: int) -> None:
    decision = make_decision()
    play(*(observe(t, 9, 8, track=7) for t in range(1, 20)), decision=decision)
    for t in range(20, 60):
        stranger = (t - 20) // turn_s % 2 == 0
        verdict = decision.update(observe(t, -5 if stranger else 9, 8, track=8 if stranger else 7))
        assert verdict.state is not State.VERIFIED
        assert stranger or Reason.FACE_MISMATCH in verdict.reasons


def test_a_stranger_is_forgotten_after_a_while_and_after_an_absence() -> None:
    decision = make_decision(DecisionSettings(stranger_s=6.0))
    play(*(observe(t, 9, 8) for t in range(1, 20)), decision=decision)
    decision.update(observe(20, -5, 8, track=1))
    states = [decision.update(observe(t, 9, 8)).state for t in (25, 26)]
    assert states == [State.UNCERTAIN, State.VERIFIED]
    play(observe(30, -5, 8, track=1), observe(33.5), decision=decision)
    assert decision.verdict.state is State.ABSENT
    assert play(observe(34, 9, 8), decision=decision).state is State.VERIFIED


def test_poor_scores_of_the_persons_own_track_and_broken_tracks_withhold_nothing() -> None:
    decision = make_decision()
    play(*(observe(t, 9, 8) for t in range(1, 20)), decision=decision)
    play(observe(20, -3, 8), observe(20.5, 9, 8), decision=decision)
    assert decision.verdict.state is State.VERIFIED
    assert play(observe(21, 9, 8, track=1), decision=decision).state is State.VERIFIED


def test_somebody_beside_the_person_is_no_evidence_against_the_person() -> None:
    decision = make_decision()
    play(*(observe(t, 9, 8) for t in range(1, 20)), decision=decision)
    notes = ("multiple_faces",)
    beside = [observe(t, -9, 8, track=1, notes=notes) for t in range(20, 32)]
    states = [decision.update(window) for window in beside]
    assert states[2].state is State.VERIFIED
    # Nobody stays verified without a score of one's own face, and nobody is rejected for another's.
    assert states[-1].state is State.UNCERTAIN
    assert all(verdict.reasons == (Reason.MULTIPLE_FACES,) for verdict in states)
    assert play(observe(32, 9, 8), decision=decision).state is State.VERIFIED


def test_somebody_who_stays_alone_is_judged() -> None:
    decision = make_decision()
    play(*(observe(t, 9, 8) for t in range(1, 20)), decision=decision)
    decision.update(observe(20, -9, 8, track=1, notes=("multiple_faces",)))
    verdict = play(*(observe(t, -9, 8, track=1) for t in (21, 22, 23)), decision=decision)
    assert (verdict.state, verdict.reasons) == (State.REJECTED, (Reason.FACE_MISMATCH,))


def test_who_comes_back_from_off_camera_is_not_trusted_by_the_past() -> None:
    decision = make_decision()
    play(*(observe(t, 9, 8) for t in range(1, 20)), decision=decision)
    away = play(*(observe(t, voice=8) for t in range(20, 26)), decision=decision)
    assert away.odds is not None
    assert away.odds.face < 1
    assert away.state is not State.VERIFIED


def test_a_swap_is_noticed_within_four_windows() -> None:
    before = [observe(t, 6, 5) for t in range(1, 10)]
    after = [observe(t, -6, -5) for t in range(10, 14)]
    assert play(*before).state is State.VERIFIED
    assert play(*before, *after).state is State.REJECTED


def test_nobody_there_is_absent_and_trust_does_not_come_back_by_itself() -> None:
    decision = make_decision()
    play(observe(1, 6, 5), decision=decision)
    gone = play(observe(5, notes=("no_face",)), decision=decision)
    assert (gone.state, gone.odds) == (State.ABSENT, None)
    # The face comes back: one modality is not enough to be verified again.
    assert play(observe(6, face=6), decision=decision).state is State.WAITING


def test_silence_alone_ends_verified_after_the_voice_has_faded() -> None:
    settings = DecisionSettings(voice_ttl_s=15)
    decision = make_decision(settings)
    play(observe(0.5, 6, 5), observe(1, 6, 5), decision=decision)
    assert play(*(observe(t, face=6) for t in range(2, 16)), decision=decision).state is (
        State.VERIFIED
    )
    verdict = play(observe(17, face=6), decision=decision)
    assert (verdict.state, verdict.reasons) == (State.UNCERTAIN, (Reason.NO_SPEECH,))


def test_a_voice_without_a_face_is_never_verified() -> None:
    decision = make_decision()
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
    decision, settings = make_decision(), DecisionSettings()
    now_s = face_s = voice_s = 0.0
    for step_s, face, voice in steps:
        now_s += step_s
        face_s = now_s if face is not None else face_s
        voice_s = now_s if voice is not None else voice_s
        verdict = decision.update(observe(now_s, face, voice))
        if verdict.state is State.VERIFIED:
            assert now_s - face_s <= settings.face_ttl_s
            assert now_s - voice_s <= settings.voice_ttl_s
        if verdict.odds is not None:
            assert all(map(math.isfinite, (verdict.odds.face, verdict.odds.voice)))
            assert verdict.odds.both <= min(verdict.odds.face, verdict.odds.voice) + 1e-6
        if verdict.state is State.REJECTED:
            assert {Reason.FACE_MISMATCH, Reason.VOICE_MISMATCH} & set(verdict.reasons)


notes = st.sampled_from(((), ("media_gap",), ("multiple_faces",), ("overloaded",)))


@given(st.lists(st.tuples(st.floats(0.1, 5), llrs, llrs, notes), max_size=40))
def test_odds_are_the_same_where_no_verdict_is_asked_for(
    steps: list[tuple[float, float | None, float | None, tuple[str, ...]]],
) -> None:
    judging, believing, now_s = make_decision(), make_decision(), 0.0
    for step_s, face, voice, noted in steps:
        now_s += step_s
        said = observe(now_s, face, voice, notes=noted)
        assert believing.believe(said) == judging.update(said).odds


def calm_call(until_s: int = 30, **settings: float) -> Decision:
    decision = make_decision(replace(DecisionSettings(), **settings))  # type: ignore[arg-type]
    play(*(observe(t, 9, 8) for t in range(1, until_s + 1)), decision=decision)
    return decision


def test_an_unsure_call_wants_every_window() -> None:
    decision = make_decision()
    for t in range(1, 10):
        assert decision.wants(observe(t, 9, 8))
        assert decision.unsure(observe(t, 9, 8))
        decision.update(observe(t, 9, 8))


def test_a_long_verified_call_wants_fewer_voices_and_stays_verified() -> None:
    decision, scored = calm_call(), 0
    assert not decision.unsure(observe(31, 9, 8))
    for t in range(31, 91):
        seen = observe(t, 9, 8)
        wanted = decision.wants(seen)
        scored += wanted
        verdict = decision.update(seen if wanted else seen.without_voice())
        assert verdict.state is State.VERIFIED
    assert scored == pytest.approx(30, abs=1)


@pytest.mark.parametrize(
    "odd",
    [
        observe(31, 9, 8, notes=("multiple_faces",)),
        observe(31, 9, 8, notes=("media_gap",)),
        observe(31, 9, 8, track=7),
        observe(31, voice=8),
    ],
)
def test_whatever_is_out_of_the_ordinary_is_scored(odd: Observation) -> None:
    decision = calm_call()
    assert not decision.wants(observe(31, 9, 8))
    assert decision.wants(odd)
    assert decision.unsure(odd)


def test_a_face_without_speech_says_something_new_every_other_second() -> None:
    decision = calm_call(until_s=30)
    assert decision.brings(observe(30.5, 9, 8))
    assert not decision.brings(observe(31, 9))
    assert decision.brings(observe(31, 9, track=7))
    assert decision.brings(observe(31, 9, notes=("media_gap",)))
    assert decision.brings(observe(31))  # nobody there
    assert decision.brings(observe(32.5, 9))


def test_one_score_against_it_ends_the_calm() -> None:
    decision = calm_call()
    decision.update(observe(31, 9, -1))
    assert decision.wants(observe(32, 9, 8))
    assert decision.unsure(observe(32, 9, 8))


def test_who_wants_every_window_gets_it() -> None:
    decision = calm_call(calm_every_s=0.0)
    assert decision.wants(observe(31, 9, 8))
    assert decision.unsure(observe(31, 9, 8))


def test_who_is_rejected_goes_after_who_is_unsure() -> None:
    decision = calm_call()
    verdict = play(*(observe(t, -9, -9) for t in range(31, 40)), decision=decision)
    assert verdict.state is State.REJECTED
    assert decision.wants(observe(40, -9, -9))
    assert not decision.unsure(observe(40, -9, -9))


def test_a_window_that_was_not_scored_in_time_is_told_for_some_seconds() -> None:
    decision = calm_call()
    decision.update(observe(31, face_seen=True, speech_heard=True, notes=("overloaded",)))
    reasons = [decision.update(observe(t, 9, 8)).reasons for t in range(32, 38)]
    assert reasons == [(Reason.OVERLOADED,)] * 4 + [()] * 2


def test_nobody_is_verified_so_soon_after_media_that_was_refused() -> None:
    """However sure what is taken is: others may see and hear what is refused."""
    decision = calm_call()
    decision.update(observe(31, 9, 8, notes=("media_gap", "media_refused")))
    states = [decision.update(observe(t, 9, 8)).state for t in range(32, 36)]
    assert states == [State.UNCERTAIN] * 2 + [State.VERIFIED] * 2


def test_sound_that_nobody_heard_is_no_absence_and_is_owed() -> None:
    decision = calm_call()
    unheard = Observation(34.0, (Reading("face"), Reading("voice", there_s=4.0)), ("overloaded",))
    assert decision.update(unheard).state is not State.ABSENT
    states = []
    for t in range(35, 40):
        unheard = replace(unheard, end_s=float(t), readings=(Reading("voice", there_s=1.0),))
        states.append(decision.update(unheard))
    assert State.ABSENT not in {verdict.state for verdict in states}
    assert states[-1].state is State.UNCERTAIN
    assert Reason.SPEECH_NOT_SCORED in states[-1].reasons


def test_sound_that_a_network_lost_is_owed_and_is_no_sign_of_anybody() -> None:
    decision = make_decision()
    for t in range(1, 31):
        decision.update(observe(t, 9, 8))
    lossy = (Reading("face", sensed=True, llr=9.0, there_s=1.0, scored_s=1.0, track=1),)
    for t in range(31, 37):
        seen = Observation(float(t), (*lossy, Reading("voice", there_s=0.9)))
        verdict = decision.update(seen)
    assert (verdict.state, verdict.reasons) == (State.UNCERTAIN, (Reason.SPEECH_NOT_SCORED,))
    for t in range(37, 41):
        gone = Observation(float(t), (Reading("face"), Reading("voice", there_s=0.9)))
        verdict = decision.update(gone)
    assert verdict.state is State.ABSENT


def test_whom_there_was_no_time_to_look_for_is_not_absent_before_there_was() -> None:
    decision = calm_call()
    behind = [decision.update(observe(float(t), notes=("overloaded",))) for t in range(31, 41)]
    assert State.ABSENT not in {verdict.state for verdict in behind}
    assert all(Reason.OVERLOADED in verdict.reasons for verdict in behind)
    assert behind[-1].state is State.UNCERTAIN
    states = [decision.update(observe(float(t))).state for t in range(41, 47)]
    assert states == [State.UNCERTAIN] * 4 + [State.ABSENT] * 2


POSTERIOR = FilterModel(
    face=Worth(first=1.0, per_s=1.0, limit=6.0),
    voice=Worth(first=1.0, per_s=1.0, limit=6.0),
    swap_every_s=600.0,
)
BELIEVING = EVIDENCE.model_copy(update={"ceiling": 2.0, "posterior": POSTERIOR})


def test_what_is_believed_goes_beyond_the_ceiling_and_changes_no_state() -> None:
    windows = [observe(t, 4, 3) for t in range(1, 20)] + [observe(t, 4, -4) for t in range(20, 30)]
    decisions = [
        Decision(evidence=evidence, point=POINT)
        for evidence in (EVIDENCE.model_copy(update={"ceiling": 2.0}), BELIEVING)
    ]
    for window in windows:
        without, with_it = (decision.update(window) for decision in decisions)
        assert (with_it.state, with_it.reasons, with_it.odds) == (
            without.state,
            without.reasons,
            without.odds,
        )
        assert without.posterior is None
        if window.end_s == 19:
            assert with_it.odds is not None
            assert with_it.posterior is not None
            assert with_it.posterior.both > 4 > with_it.odds.both
    assert with_it.posterior is not None
    assert with_it.posterior.voice < 0 < with_it.posterior.face


def test_a_point_that_wants_to_be_sure_waits_for_what_is_believed() -> None:
    sure = OperatingPoint(accept=POINT.accept, reject=POINT.reject, sure=Sure(face=6.0, voice=1.0))
    windows = [observe(t, 2.5, 4) for t in range(1, 12)]
    first = []
    for point in (POINT, sure):
        decision = Decision(evidence=BELIEVING.model_copy(update={"ceiling": 6.0}), point=point)
        first.append(next(w.end_s for w in windows if decision.update(w).state is State.VERIFIED))
    assert first[0] < first[1]


def test_once_verified_the_odds_alone_tell_how_long() -> None:
    sure = OperatingPoint(accept=0.5, reject=-3.0, sure=Sure(face=4.0, voice=4.0))
    decision = Decision(evidence=BELIEVING, point=sure)
    play(*(observe(t, 6, 6) for t in range(1, 10)), decision=decision)
    verdict = play(observe(10, -2.5, 6), decision=decision)
    assert verdict.posterior is not None
    assert verdict.posterior.face < 6
    assert verdict.state is State.VERIFIED
