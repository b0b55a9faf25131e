from __future__ import annotations

from stream_verifier.events.schema import Bar, Reason, State
from stream_verifier.verify.belief import Odds
from stream_verifier.verify.decision import Verdict
from stream_verifier.verify.telling import Telling

FACE, VOICE = Reason.FACE_MISMATCH, Reason.VOICE_MISMATCH
WAITING = Verdict(State.WAITING, (Reason.NO_SPEECH,))
VERIFIED = Verdict(State.VERIFIED, ())
REJECTED = Verdict(State.REJECTED, (FACE,))
ABSENT = Verdict(State.ABSENT, (Reason.NO_FACE, Reason.NO_SPEECH))


def told(*verdicts: Verdict, guarded: bool = False) -> list[tuple[State, tuple[Reason, ...]]]:
    telling = Telling()
    telling.guarded = guarded
    return [(one.state, one.reasons) for one in map(telling.tell, verdicts)]


def test_a_calm_call_is_told_as_it_is() -> None:
    noisy = Verdict(State.UNCERTAIN, (Reason.NO_FACE, Reason.NOISY_AUDIO))
    assert told(WAITING, VERIFIED, noisy, VERIFIED) == [
        (one.state, one.reasons) for one in (WAITING, VERIFIED, noisy, VERIFIED)
    ]


def test_what_was_told_against_the_person_stands_until_verified_or_absent() -> None:
    better = Verdict(State.UNCERTAIN, (Reason.NO_SPEECH, Reason.POOR_FACE_QUALITY))
    other = Verdict(State.REJECTED, (VOICE,))
    stands = (State.REJECTED, (FACE, Reason.POOR_FACE_QUALITY))
    assert told(REJECTED, better, other, better)[1:] == [
        stands,
        (State.REJECTED, (FACE, VOICE)),
        (State.REJECTED, (FACE, VOICE, Reason.POOR_FACE_QUALITY)),
    ]
    for clears in (VERIFIED, ABSENT):
        assert told(REJECTED, clears, WAITING)[1:] == [
            (clears.state, clears.reasons),
            (WAITING.state, WAITING.reasons),
        ]


def test_a_doubt_about_the_face_stands_while_the_call_is_not_rejected() -> None:
    estranged = Verdict(State.UNCERTAIN, (FACE, Reason.NO_SPEECH))
    plain = Verdict(State.UNCERTAIN, (Reason.NO_SPEECH,))
    assert told(estranged, plain)[1] == (State.UNCERTAIN, (FACE, Reason.NO_SPEECH))


def test_a_guarded_call_tells_one_thing_of_all_that_is_not_verified() -> None:
    """Nothing betrays whether it waits, doubts or rejects; only what is seen of the media."""
    said = told(
        WAITING,
        Verdict(State.UNCERTAIN, (FACE, Reason.NO_SPEECH)),
        REJECTED,
        Verdict(State.REJECTED, (FACE, VOICE)),
        guarded=True,
    )
    assert set(said) == {(State.UNCERTAIN, (Reason.TRIED_TOO_OFTEN,))}
    noisy = Verdict(State.REJECTED, (FACE, Reason.NOISY_AUDIO))
    assert told(noisy, VERIFIED, ABSENT, guarded=True) == [
        (State.UNCERTAIN, (Reason.TRIED_TOO_OFTEN, Reason.NOISY_AUDIO)),
        (VERIFIED.state, ()),
        (ABSENT.state, ABSENT.reasons),
    ]


def test_a_call_that_was_rejected_before_it_was_guarded_stays_so() -> None:
    telling = Telling()
    telling.tell(REJECTED)
    telling.guarded = True
    assert telling.tell(Verdict(State.REJECTED, (FACE, VOICE))).reasons == (FACE,)
    assert telling.tell(WAITING).state is State.REJECTED
    telling.tell(ABSENT)
    assert telling.tell(REJECTED).state is State.UNCERTAIN


def test_the_bar_says_no_more_than_the_verdict() -> None:
    telling, odds = Telling(), Odds(face=3.0, voice=-2.0, both=-2.0)
    telling.tell(WAITING)
    assert telling.bar(None) is None
    assert telling.bar(odds) == Bar(face=0, voice=0, both=0)
    telling.tell(REJECTED)
    assert telling.bar(odds) == Bar(face=-1, voice=0, both=-1)
    telling.tell(VERIFIED)
    assert telling.bar(Odds(face=3.0, voice=0.8, both=0.7)) == Bar(face=1, voice=0, both=0)
    assert telling.bar(Odds(face=0.5, voice=1.5, both=0.4)) == Bar(face=1, voice=1, both=0)
    assert telling.bar(Odds(face=-0.5, voice=0.1, both=-0.6)) == Bar(face=0, voice=1, both=0)
