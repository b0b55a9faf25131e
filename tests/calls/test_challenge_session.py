"""A session asks, is answered, skips and goes another way; results count once."""

from __future__ import annotations

from typing import Any

import pytest

from stream_verifier.calls.session import Session
from stream_verifier.errors import ChallengeError, ChallengeOpenError
from stream_verifier.events.event import Event
from stream_verifier.events.schema import ChallengeMeasured, ChallengeResult
from tests.support.session_media import make_session

pytestmark = pytest.mark.asyncio


class Examined:
    """Stands in for the pipeline's examiner."""

    def __init__(self) -> None:
        self.begun: list[Any] = []
        self.dropped: list[tuple[str, str]] = []

    def begin(self, challenge: Any) -> None:
        self.begun.append(challenge)

    def drop(self, challenge_id: str, why: str) -> None:
        self.dropped.append((challenge_id, why))


def make() -> tuple[Session, Examined, list[Event]]:
    told: list[Event] = []
    session = make_session(store=None, on_event=told.append, kinds=("turn_head", "say_digits"))
    examined = Examined()
    session._pipeline._examiner = examined  # type: ignore[union-attr]
    return session, examined, told


def over(challenge: str, outcome: Any = "unanswered", why: str | None = None) -> ChallengeResult:
    return ChallengeResult(
        media_s=5, challenge=challenge, kind="turn_head", outcome=outcome, why=why, after_s=2,
        measured=ChallengeMeasured(),
    )  # fmt: skip


async def test_what_is_asked_is_measured_and_told() -> None:
    session, examined, told = make()
    asked = session.asking.ask("turn_head", by="api")
    assert examined.begun[0].id == asked.challenge
    assert told[-1].payload == asked
    assert (session.summary.challenges, session.summary.challenges_passed) == (1, 0)
    with pytest.raises(ChallengeOpenError):
        session.asking.ask(None, by="client")
    session._deliver([over(asked.challenge, "passed"), over(asked.challenge, "failed")], False)
    assert [event.type for event in told] == ["challenge_asked", "challenge_result"]
    assert (session.summary.challenges, session.summary.challenges_passed) == (1, 1)


async def test_skipping_is_told_to_who_measures_and_only_of_the_one_that_is_open() -> None:
    session, examined, told = make()
    asked = session.asking.ask("turn_head", by="api")
    with pytest.raises(ChallengeError, match="not open"):
        session.asking.answer("another", "skip")
    session.asking.answer(asked.challenge, "skip")
    assert examined.dropped == [(asked.challenge, "skipped")]
    session._deliver([over(asked.challenge, why="skipped")], False)
    assert len(told) == 2
    with pytest.raises(ChallengeError, match="not open"):
        session.asking.answer(asked.challenge, "skip")


async def test_another_way_is_asked_once_the_first_is_over() -> None:
    session, examined, told = make()
    asked = session.asking.ask("turn_head", by="start")
    session.asking.answer(asked.challenge, "other")
    assert examined.dropped == [(asked.challenge, "another_way")]
    session._deliver([over(asked.challenge, why="another_way")], False)
    assert [event.type for event in told] == [
        "challenge_asked", "challenge_result", "challenge_asked",
    ]  # fmt: skip
    payload: Any = told[-1].payload
    assert (payload.kind, payload.by, payload.number) == ("say_digits", "start", 1)


async def test_a_call_that_ends_is_not_asked() -> None:
    session, _, _ = make()
    session.request_end("stopped")
    with pytest.raises(ChallengeError):
        session.asking.ask(None, by="api")
