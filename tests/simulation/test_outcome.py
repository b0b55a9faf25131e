from __future__ import annotations

import pytest

from stream_verifier.events.schema import Reason, State
from stream_verifier.simulation.outcome import (
    Outcome,
    Timeline,
    genuine_windows,
    impostor_windows,
    judge,
)
from stream_verifier.simulation.script import Script, Shot, Spurt
from stream_verifier.verify.channels.channel import Reading
from stream_verifier.verify.decision import Verdict
from stream_verifier.verify.observation import Observation

FACE, VOICE = Reason.FACE_MISMATCH, Reason.VOICE_MISMATCH
NO_FACE, NO_SPEECH = Reason.NO_FACE, Reason.NO_SPEECH


def script(
    kind: str, change_s: float | None = 30.0, until_s: float | None = None, length_s: float = 60.0
) -> Script:
    return Script(
        name="x",
        kind=kind,
        condition="clean",
        chimera="ada",
        length_s=length_s,
        change_s=change_s,
        until_s=until_s,
        shots=(Shot(0.0, 20.0, "ada"), Shot(30.0, length_s, "bob")),
        spurts=(Spurt(0.48, 18.0, "ada"), Spurt(30.0, length_s, "bob")),
    )


def told(*verdicts: tuple[float, State, tuple[Reason, ...]]) -> Timeline:
    return [(at_s, Verdict(state, reasons)) for at_s, state, reasons in verdicts]


def verified(at_s: float, *reasons: Reason) -> tuple[float, State, tuple[Reason, ...]]:
    return at_s, State.VERIFIED, reasons


def rejected(at_s: float, *reasons: Reason) -> tuple[float, State, tuple[Reason, ...]]:
    return at_s, State.REJECTED, reasons


def uncertain(at_s: float, *reasons: Reason) -> tuple[float, State, tuple[Reason, ...]]:
    return at_s, State.UNCERTAIN, reasons


def absent(at_s: float) -> tuple[float, State, tuple[Reason, ...]]:
    return at_s, State.ABSENT, (NO_FACE, NO_SPEECH)


def outcome(kind: str, *verdicts: tuple[float, State, tuple[Reason, ...]]) -> Outcome:
    lasting = ("second_face", "absent", "camera_off", "silence")
    until_s = 50.0 if kind in lasting else None
    return judge(script(kind, None if kind == "genuine" else 30.0, until_s), told(*verdicts))


def test_a_genuine_call_has_false_alarms_and_no_change() -> None:
    found = outcome(
        "genuine", verified(3), rejected(9, FACE), rejected(10, FACE), verified(20), rejected(50)
    )
    assert (found.verified_s, found.false_alarms, found.genuine_s) == (3, 2, 60)
    assert found.noticed_s is found.left_s is found.verified_after is found.began_s is None
    assert not found.alarmed
    assert not found.reason_right
    assert outcome("genuine", verified(3), uncertain(40, NO_SPEECH)).reason_right


@pytest.mark.parametrize(
    ("kind", "reasons"),
    [
        ("swap_both", (FACE, VOICE)),
        ("swap_face", (FACE,)),
        ("swap_voice", (VOICE,)),
        ("swap_behind_camera_off", (FACE, VOICE)),
        ("swap_behind_silence", (VOICE,)),
        ("talk_off_camera", (VOICE,)),
        ("absent_swap", (FACE, VOICE)),
    ],
)
def test_a_swap_is_noticed_when_it_is_named(kind: str, reasons: tuple[Reason, ...]) -> None:
    found = outcome(
        kind, verified(3), rejected(12, VOICE), verified(15), uncertain(33), rejected(36, *reasons)
    )
    assert (found.verified_s, found.left_s, found.noticed_s) == (3, 33, 36)
    assert found.false_alarms == 1
    assert not found.alarmed
    assert found.reason_right
    assert found.found == set(reasons)
    assert found.genuine_s == (20 if kind == "absent_swap" else 30)


def test_more_or_less_than_what_was_replaced_is_the_wrong_reason() -> None:
    assert not outcome("swap_face", verified(3), rejected(36, FACE, VOICE)).reason_right
    assert not outcome("swap_both", verified(3), rejected(36, FACE)).reason_right
    late = outcome("swap_both", verified(3), rejected(36, FACE), rejected(37, VOICE, FACE))
    assert late.reason_right
    assert late.noticed_s == 36
    assert outcome("swap_face", verified(3), rejected(36, VOICE)).noticed_s is None


def test_an_alarm_from_before_is_no_notice_of_the_change() -> None:
    found = outcome("swap_voice", verified(3), rejected(29.5, VOICE), rejected(30.5, VOICE))
    assert found.alarmed
    assert found.false_alarms == 1
    assert (found.left_s, found.noticed_s) == (30, 30.5)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([verified(3), uncertain(34), rejected(36, FACE)], False),
        ([verified(3), uncertain(31), verified(32.5), rejected(36, FACE)], False),
        ([verified(3), uncertain(31), verified(33.5), rejected(36, FACE)], True),
        ([verified(3), rejected(33, FACE), verified(59)], True),
        ([verified(3)], True),
        ([verified(3), uncertain(51)], True),
    ],
)
def test_an_impostor_is_verified_where_the_state_is_entered_or_never_left(
    verdicts: list[tuple[float, State, tuple[Reason, ...]]], expected: bool
) -> None:
    assert outcome("swap_both", *verdicts).verified_after is expected
    assert outcome("swap_voice", *verdicts).verified_after is None


def test_a_second_face_is_named_while_it_is_there() -> None:
    crowd = Reason.MULTIPLE_FACES
    assert outcome("second_face", verified(3), verified(31, crowd)).reason_right
    assert not outcome("second_face", verified(3), verified(25, crowd), verified(29)).reason_right
    alarm = outcome("second_face", verified(3), verified(31, crowd), rejected(40, FACE))
    assert not alarm.reason_right
    assert alarm.false_alarms == 1


def test_an_absence_is_told_by_its_state() -> None:
    found = outcome("absent", verified(3), uncertain(32, NO_FACE), absent(34), verified(53))
    assert found.reason_right
    assert found.absent_s == 34
    assert found.began_s == 20
    assert found.genuine_s == 40
    assert not outcome("absent", verified(3), uncertain(32, NO_FACE, NO_SPEECH)).reason_right


def test_a_camera_that_is_off_is_not_trusted_for_long() -> None:
    gone = uncertain(33, NO_FACE)
    assert outcome("camera_off", verified(3), gone, verified(52)).reason_right
    assert not outcome("camera_off", verified(3), uncertain(33), verified(52)).reason_right
    assert not outcome("camera_off", verified(3), uncertain(36, NO_FACE)).reason_right
    assert not outcome("camera_off", verified(3), gone, verified(40), gone).reason_right


def test_silence_is_named_once_it_costs_the_state() -> None:
    assert outcome("silence", verified(3), uncertain(45, NO_SPEECH)).reason_right
    assert not outcome("silence", verified(3, NO_SPEECH), verified(45, NO_SPEECH)).reason_right
    assert not outcome("silence", verified(3), rejected(45, NO_SPEECH, VOICE)).reason_right


def observe(end_s: float, *, face: float | None, voice: float | None) -> tuple[float, Observation]:
    readings = (
        Reading("face", sensed=True, llr=face),
        Reading("voice", sensed=True, llr=voice),
    )
    return end_s + 0.2, Observation(end_s, readings)


def test_windows_are_counted_by_whose_they_are() -> None:
    seen = [
        observe(10, face=1.0, voice=None),
        observe(20, face=None, voice=None),
        observe(29, face=1.0, voice=1.0),
        observe(31, face=1.0, voice=None),
        observe(32, face=None, voice=-1.0),
        observe(40, face=1.0, voice=-1.0),
    ]
    assert genuine_windows(script("swap_voice"), seen) == 2
    assert genuine_windows(script("genuine", None), seen) == 5
    assert impostor_windows(script("swap_voice"), seen, 35) == 1
    assert impostor_windows(script("swap_face"), seen, 60) == 2
    assert impostor_windows(script("swap_both"), seen, 60) == 3
