from __future__ import annotations

import pytest

from stream_verifier.calls.places import Place
from stream_verifier.calls.tries import CallTries, Tries
from stream_verifier.errors import EnrolmentError, IdentityLockedError, OtherPersonError
from stream_verifier.events.schema import ModalityScore, Reason, Score, State, StateChanged

ADA = Place("ada", "t1", bound=False)
DAY_S, WEEK_S = 86_400.0, 7 * 86_400.0


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def account(clock: Clock | None = None) -> Tries:
    return Tries(most=3, told=3, now_s=clock or Clock())


def change(state: State, *reasons: Reason) -> StateChanged:
    return StateChanged(
        media_s=1, state=state, previous=State.WAITING, reasons=list(reasons), llr=None
    )


REJECTED = change(State.REJECTED, Reason.FACE_MISMATCH)
DOUBTED = change(State.UNCERTAIN, Reason.FACE_MISMATCH)
VERIFIED = change(State.VERIFIED)
ABSENT = change(State.ABSENT, Reason.NO_FACE)


def score(llr: float) -> Score:
    return Score(
        media_s=1, start_s=0, end_s=1, face=ModalityScore(llr=llr), voice=None, fused=None,
        speech_s=0, faces=[], notes=[], evidence=None, age_s=None,
    )  # fmt: skip


def reject(tries: Tries, place: Place, times: int) -> bool:
    call = CallTries(tries, place)
    return [over for _ in range(times) for over in (call.note(REJECTED), call.note(ABSENT))][-2]


def test_a_token_makes_a_few_tries_a_day() -> None:
    clock = Clock()
    tries = account(clock)
    assert not reject(tries, ADA, 2)
    tries.refuse_if_spent(ADA)
    assert reject(tries, ADA, 1)
    with pytest.raises(IdentityLockedError, match="get another token") as refused:
        tries.refuse_if_spent(ADA)
    assert refused.value.retry_after_s == DAY_S / 3
    tries.refuse_if_spent(Place("ada", "t2", bound=False))
    tries.refuse_if_spent(Place("bob", "t1", bound=False))
    clock.now_s = DAY_S / 3
    tries.refuse_if_spent(ADA)


def test_what_stands_against_somebody_is_one_try_however_it_goes_on() -> None:
    tries = account()
    call = CallTries(tries, ADA)
    more = change(State.REJECTED, Reason.FACE_MISMATCH, Reason.VOICE_MISMATCH)
    for said in (DOUBTED, REJECTED, more, REJECTED):
        call.note(said)
    assert not reject(tries, ADA, 1)


def test_all_tokens_together_make_a_name_guarded_for_a_week() -> None:
    clock = Clock()
    tries = account(clock)
    for number in range(3):
        place = Place("ada", f"t{number}", bound=False)
        assert not tries.guards(place)
        reject(tries, place, 1)
    assert tries.guards(ADA)
    assert not tries.guards(Place("bob", "t1", bound=False))
    clock.now_s = WEEK_S
    assert not tries.guards(ADA)


def test_a_call_that_is_verified_gets_back_what_it_cost() -> None:
    tries = account()
    for _ in range(20):
        call = CallTries(tries, ADA)
        for said in (score(-1.0), REJECTED, score(-5.0), VERIFIED, score(-5.0)):
            assert not call.note(said)
    assert not tries.guards(ADA)
    tries.refuse_if_spent(ADA)


def test_windows_in_doubt_cost_a_little_and_clear_ones_nothing() -> None:
    tries = account()
    call = CallTries(tries, ADA)
    for _ in range(5_000):
        call.note(score(6.0))
    assert not call.guarded
    for _ in range(550):
        call.note(score(1.0))
    assert not call.guarded
    for _ in range(100):
        call.note(score(1.0))
    assert call.guarded


def test_a_call_of_a_guarded_name_costs_its_token_one_try_and_is_not_ended() -> None:
    tries = account()
    for number in range(4):
        reject(tries, Place("ada", f"x{number}", bound=False), 1)
    for _ in range(3):
        tries.refuse_if_spent(ADA)
        call = CallTries(tries, ADA)
        assert not any(call.note(score(-3.0)) for _ in range(50))
    with pytest.raises(IdentityLockedError):
        tries.refuse_if_spent(ADA)


def test_administrators_are_not_counted() -> None:
    tries, admin = account(), Place("ada", "admin", bound=False, trusted=True)
    assert not reject(tries, admin, 30)
    assert not tries.guards(admin)
    assert not tries.guards(ADA)


async def test_whom_somebody_wants_to_add_is_a_try_as_a_call_is() -> None:
    tries = account()
    for error in (EnrolmentError("no face"), OtherPersonError("another")):
        with pytest.raises(type(error)):
            async with tries.adding(ADA):
                raise error
    CallTries(tries, ADA).note_failure(OtherPersonError("another"))
    assert not tries.guards(ADA)
    CallTries(tries, ADA).note_failure(EnrolmentError("no voice"))
    tries.refuse_if_spent(ADA)
    CallTries(tries, ADA).note_failure(OtherPersonError("another"))
    assert tries.guards(ADA)
    with pytest.raises(IdentityLockedError):
        async with tries.adding(ADA):
            pytest.fail("what is to be added is compared once more")
