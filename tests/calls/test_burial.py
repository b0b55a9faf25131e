"""A server that comes back knows the calls of before, and ends those that it cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from stream_verifier.app import create_app
from stream_verifier.calls.burial import MOST_UNKNOWN, calls_before
from stream_verifier.events.hub import Hub
from stream_verifier.events.memory.log import MemoryEventLog
from stream_verifier.web.state import state_of_app
from tests.support.calls import make_settings
from tests.support.event_log_contract import Speaker
from tests.support.feed_media import changed, ended
from tests.support.rest_app import ADMIN, KEY, client_of
from tests.support.stores import CONSENT, made_reference


async def test_a_call_that_was_cut_off_is_ended_and_no_number_is_given_twice() -> None:
    log = MemoryEventLog()
    hub = Hub(log)
    await log.append([*Speaker("s1").say(changed()), *Speaker("s2").say(ended())])
    whole, cut_off = await calls_before(hub)
    assert (whole.session, whole.end_reason) == ("s2", "stopped")
    assert (cut_off.session, cut_off.end_reason, cut_off.state) == ("s1", "server_lost", "verified")
    last = (await hub.history("s1"))[-1]
    assert (last.type, last.seq) == ("session_ended", 2 + MOST_UNKNOWN + 1)
    assert log.sessions() == ["s2", "s1"]
    assert [call.end_reason for call in await calls_before(hub)] == ["stopped", "server_lost"]


@pytest.mark.parametrize("hours", [24, 0])
async def test_calls_outlast_a_restart_where_the_settings_want_it(
    tmp_path: Path, hours: int
) -> None:
    settings: dict[str, Any] = {"token_key": KEY, "keep_events_hours": hours}
    first = create_app(make_settings(tmp_path, **settings))
    async with first.router.lifespan_context(first):
        state = state_of_app(first)
        await state.store.add("ada", made_reference(1), CONSENT)
        epoch = state.hub.epoch
        for event in Speaker("s1").say(changed(), ended()):
            state.hub.publish(event)
        await state.hub.flush()
    again = create_app(make_settings(tmp_path, **settings))
    async with again.router.lifespan_context(again), client_of(again) as client:
        assert (state_of_app(again).hub.epoch == epoch) is bool(hours)
        listed = await _get(client, "calls")
        assert [(one["session"], one["end_reason"]) for one in listed["calls"]] == (
            [("s1", "stopped")] if hours else []
        )
        held = await _get(client, "identities/ada/export")
        assert [one["type"] for one in held["events"]] == (
            ["session_started", "state_changed", "session_ended"] if hours else []
        )
        if hours:
            events = (await _get(client, "calls/s1/events"))["events"]
            assert [one["seq"] for one in events] == [1, 2, 3]


async def _get(client: httpx.AsyncClient, path: str) -> Any:
    answer = await client.get(f"/api/v1/{path}", headers=ADMIN)
    assert answer.status_code == 200, answer.text
    return answer.json()
