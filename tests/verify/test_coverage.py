from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.events.schema import Reason, State
from stream_verifier.verify.channels.channel import Reading
from stream_verifier.verify.coverage import Coverage
from stream_verifier.verify.decision import Verdict
from stream_verifier.verify.observation import Observation
from tests.support.decision_media import make_decision


def test_what_was_there_is_owed_until_a_score_pays() -> None:
    account = Coverage(window_s=20)
    account.update(1, there_s=1, scored_s=0)
    account.update(2, there_s=0.8, scored_s=0)
    assert account.owed_s == pytest.approx(1.8)
    account.update(3, there_s=1, scored_s=2)
    assert account.owed_s == pytest.approx(0.8)


def test_a_score_pays_for_the_newest_first() -> None:
    account = Coverage(window_s=20)
    for second in range(1, 11):
        account.update(second, there_s=1, scored_s=0)
    account.update(11, there_s=0, scored_s=3)
    assert account.owed_s == pytest.approx(7)
    account.update(27.5, there_s=0, scored_s=0)
    assert account.owed_s == 0  # all that is left is from before 8 s


@given(st.lists(st.tuples(st.floats(0.001, 1), st.floats(0, 1), st.floats(0, 3)), max_size=200))
def test_the_account_is_bounded_and_never_negative(
    windows: list[tuple[float, float, float]],
) -> None:
    account, now_s = Coverage(window_s=5), 0.0
    for elapsed_s, there_s, scored_s in windows:
        now_s += elapsed_s
        account.update(now_s, there_s=min(there_s, elapsed_s), scored_s=scored_s)
        assert 0 <= account.owed_s <= 5 + 1.25
        assert len(account._owed) <= 5 / 0.25 + 2


def look(end_s: float, *, face: bool = True, voice: bool = True) -> Observation:
    """A second with a face and with speech, each scored or not."""
    return Observation(
        end_s,
        (
            Reading(
                "face",
                sensed=True,
                llr=8.0 if face else None,
                span_s=(end_s, end_s),
                there_s=1.0,
                scored_s=1.0 if face else 0.0,
                track=0,
            ),
            Reading(
                "voice",
                sensed=True,
                llr=5.0 if voice else None,
                span_s=(end_s - 1, end_s),
                there_s=1.0,
                scored_s=3.0 if voice else 0.0,
            ),
        ),
    )


def test_nobody_stays_verified_on_a_tenth_of_the_speech() -> None:
    decision = make_decision()
    states = [decision.update(look(float(s), voice=s % 10 == 0)).state for s in range(1, 40)]
    assert states[-5:] == [State.UNCERTAIN] * 5
    assert Reason.SPEECH_NOT_SCORED in decision.verdict.reasons
    assert State.VERIFIED not in states[18:]


def test_nobody_stays_verified_on_a_fifth_of_the_pictures() -> None:
    decision = make_decision()
    states = [decision.update(look(float(s), face=s % 5 == 0)).state for s in range(1, 40)]
    assert State.VERIFIED not in states[-10:]
    assert Reason.PICTURE_NOT_SCORED in decision.verdict.reasons


@pytest.mark.parametrize(
    ("name", "lost_s", "reason"),
    [("face", 0.3, Reason.PICTURE_NOT_SCORED), ("voice", 0.15, Reason.SPEECH_NOT_SCORED)],
)
def test_no_score_speaks_for_what_others_alone_see_or_hear(
    name: str, lost_s: float, reason: Reason
) -> None:
    def verdicts(lost_s: float) -> list[Verdict]:
        decision = make_decision()
        return [decision.update(_lossy(float(s), name, lost_s)) for s in range(1, 40)]

    ended = verdicts(lost_s)[-1]
    assert (ended.state, ended.reasons) == (State.UNCERTAIN, (reason,))
    assert verdicts(lost_s / 2)[-1].state is State.VERIFIED


def _lossy(end_s: float, name: str, lost_s: float) -> Observation:
    whole = look(end_s)
    return replace(
        whole,
        readings=tuple(
            replace(one, lost_s=lost_s if one.channel == name else 0.0) for one in whole.readings
        ),
    )


def test_every_second_window_is_enough() -> None:
    decision = make_decision()
    for second in range(1, 40):
        both = second % 2 == 0
        verdict = decision.update(look(float(second), face=both, voice=both))
    assert verdict.state is State.VERIFIED
