"""Rooms that servers of a fleet share: each followed by one of them only."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import TypeAdapter

from stream_verifier.access.grant import ANYBODY
from stream_verifier.errors import AttachedAlreadyError, StoppingError
from stream_verifier.identities.keys import new_key, parse_key
from stream_verifier.rooms.requests import RoomRequest
from stream_verifier.rooms.sealing import RoomSeal
from stream_verifier.rooms.service import Rooms
from stream_verifier.rooms.sharing import SharedRooms
from stream_verifier.settings import Settings
from tests.support.janus_double import soon
from tests.support.room_double import FakeCalls, FakeHost, FakeRoom, sender

REQUEST: RoomRequest = TypeAdapter(RoomRequest).validate_python(
    {"host": "janus", "url": "ws://127.0.0.1:8188", "room": "1234"}
)


class SlowShelf:
    """Answers a room that is put only when it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked, self.answers = asyncio.Event(), asyncio.Event()
        self.dropped: list[str] = []
        self._error = error

    async def drop(self, attachment: str) -> None:
        self.dropped.append(attachment)

    async def put(self, *_: Any, **__: Any) -> None:
        self.asked.set()
        await self.answers.wait()
        if self._error is not None:
            raise self._error


def desk(room: FakeRoom, calls: FakeCalls, shelf: SlowShelf) -> tuple[SharedRooms, Rooms]:
    made: Any = calls
    made.check_point = lambda *_: None
    host: Any = FakeHost(room)
    rooms = Rooms(made, lambda *_: None, Settings(), find_host=lambda *_: host)  # type: ignore[arg-type]
    seal = RoomSeal(parse_key(new_key()))
    none: Any = SimpleNamespace()
    return SharedRooms(rooms, shelf, none, seal, most=5), rooms  # type: ignore[arg-type]


async def some_turns() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_no_call_is_opened_in_a_room_that_another_server_follows() -> None:
    room, calls = FakeRoom(sender("1", "ada")), FakeCalls()
    shelf = SlowShelf(AttachedAlreadyError("It is attached."))
    shared, rooms = desk(room, calls, shelf)
    attaching = asyncio.create_task(shared.attach(REQUEST, ANYBODY, "127.0.0.1"))
    await shelf.asked.wait()
    await some_turns()
    shelf.answers.set()
    with pytest.raises(AttachedAlreadyError):
        await attaching
    assert calls.opened == 0
    assert (room.left, rooms.here) == (True, 0)


async def test_calls_are_opened_once_the_room_is_this_servers() -> None:
    room, calls, shelf = FakeRoom(sender("1", "ada")), FakeCalls(), SlowShelf()
    shared, rooms = desk(room, calls, shelf)
    attaching = asyncio.create_task(shared.attach(REQUEST, ANYBODY, "127.0.0.1"))
    await shelf.asked.wait()
    await some_turns()
    assert (calls.opened, rooms.ids) == (0, [])
    shelf.answers.set()
    told = await attaching
    assert rooms.ids == [told.id]
    await soon(lambda: len(calls.running) == 1)
    await rooms.close()
    assert calls.running == []


async def test_a_server_that_stops_meanwhile_leaves_the_room() -> None:
    room, calls, shelf = FakeRoom(sender("1", "ada")), FakeCalls(), SlowShelf()
    shared, rooms = desk(room, calls, shelf)
    attaching = asyncio.create_task(shared.attach(REQUEST, ANYBODY, "127.0.0.1"))
    await shelf.asked.wait()
    await rooms.close()
    shelf.answers.set()
    with pytest.raises(StoppingError):
        await attaching
    assert (calls.opened, room.left, len(shelf.dropped)) == (0, True, 1)
