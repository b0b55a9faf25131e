"""Calls are held to the consent they rest on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from stream_verifier.calls.consents import Consents
from stream_verifier.errors import StoreError, UnknownIdentityError
from stream_verifier.events.schema import ConsentExpiring
from stream_verifier.identities.consent import Consent

NOTICE = timedelta(days=30)
GIVEN = Consent("Ada", datetime(2026, 1, 2, tzinfo=UTC), "calls", "I agree.")


class Call:
    id, identity, ending = "s1", "ada", False

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.reason: str | None = None

    def emit(self, payload: Any) -> None:
        self.told.append(payload)

    def withdraw(self, reason: str) -> None:
        self.reason, self.ending = reason, True


class Store:
    """Answers one after the other; the last one for ever."""

    def __init__(self, *answers: Consent | Exception) -> None:
        self.answers = [*answers]

    async def get(self, name: str) -> Any:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(consent=answer)


def consents(*answers: Consent | Exception, now: Callable[[], datetime] | None = None) -> Consents:
    store: Any = Store(*answers)
    return Consents(store, notice=NOTICE, now=now or (lambda: datetime.now(UTC)))


async def ended(call: Call) -> str | None:
    async with asyncio.timeout(30):
        while not call.ending:  # noqa: ASYNC110 - a stand-in has no event
            await asyncio.sleep(0.01)
    return call.reason


@pytest.mark.parametrize(
    ("left", "days_left"),
    [
        (timedelta(days=31), None),
        (timedelta(days=30), 30),
        (timedelta(days=1, hours=3), 1),
        (timedelta(hours=3), 0),
    ],
)
async def test_a_call_is_told_once_when_its_consent_ends_soon(
    left: timedelta, days_left: int | None
) -> None:
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    watched, call = consents(GIVEN, now=lambda: now), Call()
    watched.begin(call, replace(GIVEN, expires_at=now + left))  # type: ignore[arg-type]
    expected = [] if days_left is None else [days_left]
    assert [one.days_left for one in call.told] == expected
    assert all(isinstance(one, ConsentExpiring) for one in call.told)
    watched.end(call.id)


async def test_without_an_end_nothing_is_told() -> None:
    watched, call = consents(GIVEN), Call()
    watched.begin(call, GIVEN)  # type: ignore[arg-type]
    assert call.told == []


async def test_a_call_ends_with_its_consent() -> None:
    soon = replace(GIVEN, expires_at=datetime.now(UTC) + timedelta(seconds=0.05))
    watched, call = consents(soon), Call()
    watched.begin(call, soon)  # type: ignore[arg-type]
    assert call.ending is False
    assert await ended(call) == "consent_expired"


async def test_a_call_goes_on_whose_consent_was_renewed_in_time() -> None:
    soon = replace(GIVEN, expires_at=datetime.now(UTC) + timedelta(seconds=0.05))
    watched, call = consents(GIVEN), Call()
    watched.begin(call, soon)  # type: ignore[arg-type]
    await asyncio.sleep(0.2)
    assert call.ending is False


async def test_a_withdrawal_ends_a_call_even_if_the_store_fails_first() -> None:
    withdrawn = replace(GIVEN, withdrawn_at=datetime.now(UTC))
    watched, call = consents(StoreError("busy"), withdrawn), Call()
    watched.look_again(call)  # type: ignore[arg-type]
    assert await ended(call) == "consent_withdrawn"


async def test_of_the_deleted_others_tell() -> None:
    watched, call = consents(UnknownIdentityError("nobody")), Call()
    watched.look_again(call)  # type: ignore[arg-type]
    await asyncio.sleep(0.05)
    assert call.ending is False


async def test_a_call_that_ended_is_watched_no_more() -> None:
    soon = replace(GIVEN, expires_at=datetime.now(UTC) + timedelta(seconds=0.05))
    watched, call = consents(soon), Call()
    watched.begin(call, soon)  # type: ignore[arg-type]
    watched.end(call.id)
    await asyncio.sleep(0.2)
    assert call.reason is None


async def test_a_call_ends_with_its_consent_by_a_clock_that_was_set_meanwhile() -> None:
    """A timer of twenty hours would not learn of it."""
    day = datetime(2026, 5, 1, 12, tzinfo=UTC)
    until = replace(GIVEN, expires_at=day + timedelta(hours=20))
    times = iter([day, day])  # to be told that it ends soon, and to be armed
    set_forward = day + timedelta(days=1)
    store: Any = Store(until)
    watched, call = (
        Consents(store, notice=NOTICE, now=lambda: next(times, set_forward), look_s=0.01),
        Call(),
    )
    watched.begin(call, until)  # type: ignore[arg-type]
    assert call.ending is False
    assert await ended(call) == "consent_expired"
