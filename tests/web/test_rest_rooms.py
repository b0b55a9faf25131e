"""Rooms over HTTP: who may attach which, and what is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stream_verifier.access.scopes import Scope
from stream_verifier.audit.deed import Kind
from stream_verifier.errors import (
    AttachedAlreadyError,
    CapacityError,
    RoomAddressError,
    RoomError,
    RoomHostError,
    RoomRefusedError,
    SettingsError,
    StoreError,
    UnknownAttachmentError,
    UnknownRoomError,
)
from stream_verifier.identities.keys import new_key
from stream_verifier.rooms.desk import NoRooms
from stream_verifier.rooms.requests import JanusRoomRequest, RoomDescription, RoomRequest
from stream_verifier.rooms.service import check_address
from stream_verifier.web.state import state_of_app
from tests.support.calls import make_settings
from tests.support.rest_app import ADMIN, auth, client_of, make_app, stand_in

ROOMS = "/api/v1/rooms"
MAY = auth(Scope.ROOMS)
WANTED = {"host": "janus", "url": "wss://janus.example", "room": "1234", "pin": "a-secret-pin"}
TOLD = RoomDescription(
    id="a1",
    host="janus",
    url="wss://janus.example",
    room="1234",
    state="followed",
    code=None,
    since="2026-01-02T03:04:05+00:00",
    worker_here=True,
    unseen=0,
    publishers=[],
)


class FakeDesk(NoRooms):
    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[RoomRequest] = []
        self.detached: list[str] = []
        self._error = error

    async def attach(self, request: RoomRequest, grant: Any, client: str) -> RoomDescription:
        self.asked.append(request)
        if self._error is not None:
            raise self._error
        return TOLD

    async def list(self) -> Sequence[RoomDescription]:
        return [TOLD]

    async def show(self, attachment: str) -> RoomDescription:
        if attachment != TOLD.id:
            raise UnknownAttachmentError("none")
        return TOLD

    async def detach(self, attachment: str) -> RoomDescription:
        self.detached.append(attachment)
        return await self.show(attachment)


def app_with(folder: Path, error: Exception | None = None) -> tuple[Any, FakeDesk]:
    app, desk = make_app(folder), FakeDesk(error)
    stand_in(app, rooms=desk)
    return app, desk


async def test_a_room_is_attached_listed_and_detached_and_each_is_an_entry(
    tmp_path: Path,
) -> None:
    app, desk = app_with(tmp_path)
    async with client_of(app) as client:
        answer = await client.post(ROOMS, json=WANTED, headers=MAY)
        assert (answer.status_code, answer.json()["id"]) == (201, "a1")
        assert "a-secret-pin" not in answer.text
        assert isinstance(desk.asked[0], JanusRoomRequest)
        assert desk.asked[0].pin is not None
        assert desk.asked[0].pin.get_secret_value() == "a-secret-pin"
        assert (await client.get(ROOMS, headers=MAY)).json()["rooms"][0]["room"] == "1234"
        assert (await client.get(f"{ROOMS}/a1", headers=MAY)).status_code == 200
        assert (await client.get(f"{ROOMS}/a2", headers=MAY)).status_code == 404
        assert (await client.delete(f"{ROOMS}/a1", headers=MAY)).status_code == 204
        assert (await client.delete(f"{ROOMS}/a2", headers=MAY)).status_code == 404
    trail: Any = state_of_app(app).store.audit
    await state_of_app(app).journal.settle()
    deeds = [deed for deed in trail.deeds if deed.kind in (Kind.ROOM_ATTACHED, Kind.ROOM_DETACHED)]
    assert [deed.kind for deed in deeds] == [Kind.ROOM_ATTACHED, Kind.ROOM_DETACHED]
    assert deeds[0].details == {"attachment": "a1", "host": "janus"}
    assert deeds[0].actor.scope == "rooms:attach"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_it_takes_a_scope_of_its_own_that_is_bound_to_nobody(
    tmp_path: Path, method: str
) -> None:
    app, desk = app_with(tmp_path)
    async with client_of(app) as client:
        for headers, status in (
            ({}, 401),
            (auth(Scope.PUBLISH, Scope.READ), 403),
            (auth(Scope.ROOMS, identity="ada"), 403),
            (auth(Scope.ROOMS, session="s1"), 403),
        ):
            body = WANTED if method == "POST" else None
            answer = await client.request(method, ROOMS, json=body, headers=headers)
            assert answer.status_code == status, headers
        assert desk.asked == []
        assert (await client.post(ROOMS, json=WANTED, headers=ADMIN)).status_code == 201


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RoomAddressError("no"), 422, "room_not_allowed"),
        (UnknownRoomError("no"), 422, "unknown_room"),
        (RoomRefusedError("no"), 422, "room_refused"),
        (SettingsError("no"), 422, "bad_settings"),
        (RoomHostError("no"), 502, "room_host_gone"),
        (RoomError("no"), 502, "room_failed"),
        (AttachedAlreadyError("no"), 409, "room_attached"),
        (CapacityError("no"), 503, "server_full"),
    ],
)
async def test_refusals(tmp_path: Path, error: Exception, status: int, code: str) -> None:
    app, _ = app_with(tmp_path, error)
    async with client_of(app) as client:
        answer = await client.post(ROOMS, json=WANTED, headers=MAY)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "change",
    [
        {"host": "zoom"},
        {"room": ""},
        {"room": "a\nb"},
        {"more": 1},
        {"map": {"by": "guess"}},
        {"map": {"by": "table", "table": {}}},
        {"map": {"by": "table", "table": {"ada": "ada"}}},
        {"map": {"by": "display", "pattern": "x" * 300}},
        {"pin": ""},
        {"pin": "x" * 5000},
    ],
)
async def test_what_breaks_the_contract_reaches_nobody(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    app, desk = app_with(tmp_path)
    async with client_of(app) as client:
        answer = await client.post(ROOMS, json={**WANTED, **change}, headers=MAY)
    assert answer.status_code == 422
    assert "a-secret-pin" not in answer.text
    assert desk.asked == []


async def test_a_room_that_the_trail_does_not_take_is_left(tmp_path: Path) -> None:
    app, desk = app_with(tmp_path)
    trail: Any = state_of_app(app).store.audit

    async def fails(*_: Any) -> None:
        raise StoreError("full")

    trail.append = fails
    async with client_of(app) as client:
        answer = await client.post(ROOMS, json=WANTED, headers=MAY)
    assert answer.status_code == 503
    assert desk.detached == ["a1"]


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("wss://janus.example", True),
        ("wss://janus.example:443/janus", True),
        ("wss://JANUS.example", True),
        ("ws://janus.example", False),
        ("wss://janus.example:8989", False),
        ("wss://janus.example.evil.example", False),
        ("wss://me:secret@janus.example", False),
        ("wss://janus.example#@evil", False),
        ("ws://127.0.0.1:8188", False),
        ("file:///etc/passwd", False),
        ("wss://", False),
        ("wss://janus.example:0", False),
        ("wss://janus.example:99999", False),
        ("wss://[::1", False),
    ],
)
def test_only_named_hosts(tmp_path: Path, url: str, allowed: bool) -> None:
    settings = make_settings(tmp_path, room_hosts=("wss://janus.example",))
    if allowed:
        assert check_address(url, settings) == ("wss", "janus.example", 443)
    else:
        with pytest.raises(RoomAddressError):
            check_address(url, settings)


def test_without_names_only_ones_own_machine_from_ones_own_machine(tmp_path: Path) -> None:
    own = make_settings(tmp_path)
    check_address("ws://127.0.0.1:8188", own)
    with pytest.raises(RoomAddressError):
        check_address("ws://192.0.2.1:8188", own)
    for host in ("192.0.2.1", "::"):
        away = make_settings(tmp_path, host=host, token_key=new_key())
        with pytest.raises(RoomAddressError):
            check_address("ws://127.0.0.1:8188", away)
