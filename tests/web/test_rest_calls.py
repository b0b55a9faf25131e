from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from stream_verifier.access.scopes import Scope
from stream_verifier.errors import FleetError, StoreError, StreamVerifierError
from stream_verifier.identities.ledger_file import LedgerFile
from stream_verifier.web import health
from tests.support.rest_app import ADMIN, FakeStore, auth, client_of, make_app, stand_in
from tests.support.stores import made_vault

READER = auth(Scope.READ)
SHOWN = {
    "session", "identity", "mode", "state", "reasons", "started_at", "state_since", "ended_at",
    "end_reason", "totals",
}  # fmt: skip
"""What the page that watches all calls reads of each."""


async def test_running_and_ended_calls_are_listed(tmp_path: Path) -> None:
    async with client_of(make_app(tmp_path), headers=READER) as client:
        running, ended = (await client.get("/api/v1/calls")).json()["calls"]
    assert (running["session"], running["state"], running["ended_at"]) == (
        "s-running", "verified", None,
    )  # fmt: skip
    assert (ended["session"], ended["state"], ended["end_reason"]) == ("s-ended", None, "complete")
    assert SHOWN <= running.keys() == ended.keys()


async def test_applications_share_their_routes_and_no_calls(tmp_path: Path) -> None:
    one, other = make_app(tmp_path), make_app(tmp_path)
    routes = [route for route in one.routes if isinstance(route, APIRoute)]
    assert len(routes) > 20
    assert all(any(route is shared for shared in other.routes) for route in routes)
    async with client_of(other, headers=ADMIN) as client:
        assert (await client.delete("/api/v1/calls/s-running")).status_code == 204
    assert other.state.server.sessions.ended == ["s-running"]
    assert one.state.server.sessions.ended == []


async def test_one_call_is_shown_with_its_events(tmp_path: Path) -> None:
    async with client_of(make_app(tmp_path), headers=READER) as client:
        call = (await client.get("/api/v1/calls/s-running")).json()
        events = (await client.get("/api/v1/calls/s-running/events?after=5")).json()
    assert (call["identity"], call["media_s"], call["seq"]) == ("ada", 9.5, 7)
    assert [event["seq"] for event in events["events"]] == [6, 7]


@pytest.mark.parametrize("path", ["/api/v1/calls/s-none", "/api/v1/calls/s-none/events"])
async def test_an_unknown_call_is_told_only_to_who_may_read_it(tmp_path: Path, path: str) -> None:
    async with client_of(make_app(tmp_path)) as client:
        told = await client.get(path, headers=READER)
        assert (told.status_code, told.json()["code"]) == (404, "unknown_call")
        bound = await client.get(path, headers=auth(Scope.READ, identity="ada"))
        assert (bound.status_code, bound.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("tail", ["", "/events"])
@pytest.mark.parametrize(
    ("bound", "status"),
    [
        ({"identity": "ada"}, 200),
        ({"session": "s-running"}, 200),
        ({"identity": "ada", "session": "s-running"}, 200),
        ({"identity": "bob"}, 403),
        ({"session": "s-ended"}, 403),
        ({"identity": "bob", "session": "s-running"}, 403),
    ],
)
async def test_a_bound_reader_reads_that_one_only(
    tmp_path: Path, bound: dict[str, str], tail: str, status: int
) -> None:
    async with client_of(make_app(tmp_path), headers=auth(Scope.READ, **bound)) as client:
        assert (await client.get(f"/api/v1/calls/s-running{tail}")).status_code == status
        assert (await client.get("/api/v1/calls")).status_code == 403


async def test_an_administrator_ends_a_call(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with client_of(app, headers=ADMIN) as client:
        assert (await client.delete("/api/v1/calls/s-running")).status_code == 204
        assert (await client.delete("/api/v1/calls/s-none")).json()["code"] == "unknown_call"
    assert app.state.server.sessions.ended == ["s-running"]


@pytest.mark.parametrize("path", ["calls/" + "x" * 65, "calls/s-running/events?after=-1"])
async def test_parts_out_of_bounds_are_named_and_not_repeated(tmp_path: Path, path: str) -> None:
    async with client_of(make_app(tmp_path), headers=READER) as client:
        answer = await client.get(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
    assert "session" in answer.json()["detail"] or "after" in answer.json()["detail"]
    assert "xxx" not in answer.text


async def test_a_failure_that_nobody_expected_is_a_problem_without_its_cause(
    tmp_path: Path,
) -> None:
    app = make_app(tmp_path)
    stand_in(app, hub=None)
    async with client_of(app, raises=False, headers=READER) as client:
        answer = await client.get("/api/v1/calls/s-running/events")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "NoneType" not in answer.text


async def test_a_server_that_stops_is_alive_but_not_ready(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with client_of(app) as client:
        assert (await client.get("/api/v1/ready")).json() == {"status": "ready"}
        app.state.server.sessions.closing = True
        answer = await client.get("/api/v1/ready")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert (await client.get("/api/v1/health")).status_code == 200


async def test_a_server_whose_store_fails_or_says_nothing_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away(FakeStore):
        async def get(self, name: str, *_: Any, **__: Any) -> Any:
            raise StoreError("The identity store in postgresql failed.")

    class Silent(FakeStore):
        async def get(self, name: str, *_: Any, **__: Any) -> Any:
            await asyncio.Event().wait()

    monkeypatch.setattr(health, "_ANSWERS_S", 0.05)
    app = make_app(tmp_path)
    async with client_of(app) as client:
        for store, code in ((Away(), "store_failed"), (Silent(), "not_ready")):
            stand_in(app, store=store)
            answer = await client.get("/api/v1/ready")
            assert (answer.status_code, answer.json()["code"]) == (503, code)
        stand_in(app, store=FakeStore())
        assert (await client.get("/api/v1/ready")).status_code == 200
        app.state.server.journal.failing = True
        answer = await client.get("/api/v1/ready")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert "audit trail" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            StoreError("The identity store /var/people.db failed: locked.", where="/var/people.db"),
            "The identity store failed: locked.",
        ),
        (
            LedgerFile(Path("/var/people.ledger"), made_vault()).missing(),
            "The ledger of the identity store is missing",
        ),
        (
            FleetError("ConnectionError: Error 111 connecting to 10.0.0.5:6379."),
            "What the servers share cannot be reached. Calls that run go on",
        ),
    ],
)
async def test_where_things_are_is_for_the_log_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: StreamVerifierError, told: str
) -> None:
    class Failing(FakeStore):
        async def page(self, cursor: str | None = None, **_: Any) -> Any:
            raise error

    app = make_app(tmp_path)
    stand_in(app, store=Failing())
    async with client_of(app, headers=ADMIN) as client:
        detail = (await client.get("/api/v1/identities")).json()["detail"]
    assert detail.startswith(told)
    assert str(error) in caplog.text != detail


async def test_what_the_store_fails_at_is_in_the_log_once_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(FakeStore):
        async def page(self, cursor: str | None = None, **_: Any) -> Any:
            raise StoreError("The identity store failed: the disk is full: free some space.")

    app = make_app(tmp_path)
    stand_in(app, store=Full())
    async with client_of(app, headers=ADMIN) as client:
        for _ in range(3):
            assert (await client.get("/api/v1/identities")).status_code == 503
        assert (await client.get("/api/v1/identities/nobody")).status_code == 404
    assert [record.message for record in caplog.records] == [
        "what clients ask for is refused (store_failed): The identity store failed: the disk is "
        "full: free some space."
    ]
