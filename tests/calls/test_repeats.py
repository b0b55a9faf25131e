from __future__ import annotations

import pytest

from stream_verifier.calls.repeats import KEPT_S, Answer, AnswerSeal, LocalRepeats
from stream_verifier.errors import RequestUnderWayError, SettingsError
from stream_verifier.identities.keys import new_key

DONE = Answer(fingerprint="f", status=201, media_type="application/json", body="{}")


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_a_request_is_done_once_and_answered_alike() -> None:
    repeats = LocalRepeats()
    assert await repeats.begin("k") is None
    with pytest.raises(RequestUnderWayError) as refused:
        await repeats.begin("k")
    assert refused.value.retry_after_s > 0
    assert await repeats.begin("another") is None
    await repeats.keep("k", DONE)
    assert await repeats.begin("k") == DONE
    assert await repeats.begin("k") == DONE


async def test_what_came_to_nothing_may_be_tried_anew() -> None:
    repeats = LocalRepeats()
    await repeats.begin("k")
    await repeats.forget("k")
    assert await repeats.begin("k") is None


async def test_an_answer_is_forgotten_after_its_time() -> None:
    clock = Clock()
    repeats = LocalRepeats(now_s=clock)
    await repeats.begin("k")
    await repeats.keep("k", DONE)
    clock.now_s = KEPT_S - 1
    assert await repeats.begin("k") == DONE
    clock.now_s = KEPT_S
    assert await repeats.begin("k") is None


async def test_so_many_answers_are_remembered_and_the_newest_of_them() -> None:
    repeats = LocalRepeats(most=2)
    for key in "abc":
        await repeats.begin(key)
        await repeats.keep(key, DONE)
    assert [await repeats.begin(key) for key in "abc"] == [None, DONE, DONE]


def test_a_sealed_answer_is_read_with_its_own_key_alone() -> None:
    key = new_key()
    seal = AnswerSeal.of(key)
    sealed = seal.seal("k", DONE)
    assert b"201" not in sealed
    assert AnswerSeal.of(key).open("k", sealed) == DONE
    assert seal.open("another", sealed) is None
    assert seal.open("k", sealed[:-1]) is None
    assert AnswerSeal.of(new_key()).open("k", sealed) is None
    with pytest.raises(SettingsError):
        AnswerSeal.of("short")
