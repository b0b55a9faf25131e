"""How sessions end, an enrolment above all: it is stored or says that it was not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stream_verifier.calls import ending
from stream_verifier.calls.session import Session
from stream_verifier.calls.tries import Tries
from stream_verifier.errors import NoConnectionError, OtherPersonError
from stream_verifier.events.event import Event
from stream_verifier.events.schema import ErrorRaised
from tests.support.session_media import ScriptedEngine, Store, make_session

FOREVER_S = 1000.0
SOON_S = 0.01


class Ended:
    """A session that runs, with what it says."""

    def __init__(self, store: Store | None, tries: Tries | None = None) -> None:
        self.events: list[Event] = []
        self.engine = ScriptedEngine()
        self.session: Session = make_session(store=store, on_event=self.events.append, tries=tries)
        engine: Any = self.engine
        self.session.enter(engine)
        self._running = asyncio.create_task(self.session.run())

    async def finishing(self) -> None:
        async with asyncio.timeout(10):
            await self.engine.finishing.wait()

    async def said(self) -> list[str]:
        """What it said to its end: types, codes and reasons."""
        async with asyncio.timeout(10):
            await self._running
        return [_told(event) for event in self.events]


def _told(event: Event) -> str:
    return str(event.fields.get("code") or event.fields.get("reason") or event.type)


def patience(monkeypatch: pytest.MonkeyPatch, *, verify_s: float, enrol_s: float) -> None:
    monkeypatch.setattr(ending, "_VERIFY_S", verify_s)
    monkeypatch.setattr(ending, "_ENROL_S", enrol_s)


def test_an_enrolment_is_waited_for_longer_and_a_stopping_server_is_gone_in_time() -> None:
    assert ending._VERIFY_S < 5.0 <= ending._ENROL_S


@pytest.mark.parametrize("reason", ["complete", "stopped"])
async def test_an_enrolment_that_is_not_scored_in_time_says_that_nothing_was_stored(
    monkeypatch: pytest.MonkeyPatch, reason: Any
) -> None:
    patience(monkeypatch, verify_s=FOREVER_S, enrol_s=SOON_S)
    store = Store()
    call = Ended(store)
    call.session.request_end(reason)
    assert await call.said() == ["overloaded", "error"]
    assert store.names == []


async def test_an_enrolment_that_is_scored_late_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    patience(monkeypatch, verify_s=0.0, enrol_s=FOREVER_S)
    store = Store()
    call = Ended(store)
    call.session.request_end("complete")
    await call.finishing()
    call.engine.deliver([], True)
    assert await call.said() == ["enrolled", "complete"]
    assert store.names == ["ada"]


@pytest.mark.parametrize("waits_already", [True, False])
async def test_a_stopping_server_does_not_wait_for_an_enrolment(
    monkeypatch: pytest.MonkeyPatch, waits_already: bool
) -> None:
    patience(monkeypatch, verify_s=SOON_S, enrol_s=FOREVER_S)
    call = Ended(Store())
    call.session.request_end("complete")
    if waits_already:
        await call.finishing()
    call.session.request_end("server_stopping")
    assert await call.said() == ["overloaded", "error"]
    call.session.request_end("server_stopping")


async def test_a_verified_call_ends_as_asked_without_its_last_scores(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    patience(monkeypatch, verify_s=SOON_S, enrol_s=FOREVER_S)
    call = Ended(None)
    call.session.request_end("stopped")
    assert await call.said() == ["stopped"]
    assert "did not catch up" in caplog.text


async def test_what_fails_at_the_very_end_is_an_error_and_stores_nothing() -> None:
    store = Store()
    call = Ended(store)
    call.session.request_end("complete")
    await call.finishing()
    call.engine.deliver([ErrorRaised(media_s=0, code="internal_error", message="Log.")], True)
    assert await call.said() == ["internal_error", "error"]
    assert store.names == []


class OfSomebodyElse(Store):
    async def add(self, name: str, *_: Any, **__: Any) -> Any:
        raise OtherPersonError("That is rather not 'ada'.")


async def test_a_call_that_would_add_somebody_else_is_a_try_in_that_name() -> None:
    tries = Tries(most=1, told=3)
    call = Ended(OfSomebodyElse(), tries)
    call.session.request_end("complete")
    await call.finishing()
    call.engine.deliver([], True)
    assert await call.said() == ["another_person", "error"]
    assert tries.wait_s(call.session.place) > 0


async def test_a_call_whose_media_never_came_through_says_why() -> None:
    call = Ended(None)
    await asyncio.sleep(0)
    source: Any = call.session.connection.source
    source.fail(NoConnectionError("No packets came through."))
    assert (await call.said())[-2:] == ["no_connection", "error"]
