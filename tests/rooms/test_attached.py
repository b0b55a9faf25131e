"""An attached room: a call for each who maps to somebody, whatever happens there."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from stream_verifier.client.backoff import Backoff
from stream_verifier.errors import (
    CapacityError,
    ConsentLapsedError,
    MappingError,
    MediaError,
    RoomHostError,
    RoomRefusedError,
    UnknownIdentityError,
    UnknownRoomError,
)
from stream_verifier.events.schema import State
from stream_verifier.rooms import attached, publisher_call
from stream_verifier.rooms.attached import AttachedRoom
from stream_verifier.rooms.host import Publisher
from stream_verifier.rooms.layers import LayerChoice
from stream_verifier.rooms.pace import Pace
from tests.support.janus_double import soon
from tests.support.room_double import (
    FakeCalls,
    FakeHost,
    FakeRoom,
    again,
    sender,
    terms,
)

QUICK = Backoff(first_s=0.01, longest_s=0.05)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher_call, "_AGAIN", QUICK)
    monkeypatch.setattr(publisher_call, "_AFTER", QUICK)
    monkeypatch.setattr(attached, "_AGAIN", QUICK)
    monkeypatch.setattr(attached, "_LOOK_S", 0.01)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns come at once."""

    async def turn(self: Pace, whose: str) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(Pace, "turn", turn)


@contextlib.asynccontextmanager
async def following(
    room: FakeRoom,
    calls: FakeCalls,
    *,
    host: FakeHost | None = None,
    gone_s: float = 60,
    **more: Any,
) -> AsyncIterator[AttachedRoom]:
    made: Any = host or FakeHost(room)
    one = AttachedRoom(made, terms(calls, **more), lambda *_: None, gone_s=gone_s, room=room)  # type: ignore[arg-type]
    one.start()
    try:
        yield one
    finally:
        await one.detach("stopped")
        assert calls.running == []


def states(room: AttachedRoom) -> dict[str, tuple[str, str | None]]:
    return {feed: (call.state, call.code) for feed, call in room.calls.items()}


async def test_two_who_claim_to_be_the_same_each_have_a_call() -> None:
    calls = FakeCalls()
    room = FakeRoom(sender("1", "ada"), sender("2", "ada"), sender("3", "bob"))
    async with following(room, calls):
        await soon(lambda: len(calls.running) == 3)
        assert {one.connection.origin.feed for one in calls.of("ada")} == {"1", "2"}


async def test_whoever_leaves_ends_his_call_and_no_other() -> None:
    calls = FakeCalls()
    room = FakeRoom(sender("1", "ada"), sender("2", "bob"))
    async with following(room, calls):
        await soon(lambda: len(calls.running) == 2)
        (ada,) = calls.of("ada")
        room.put(gone=["1"])
        await soon(lambda: ada.ending)
        assert ada.summary.end_reason == "peer_closed"
        assert len(calls.of("bob")) == 1


async def test_a_full_server_takes_those_who_wait_when_there_is_room(unhurried: None) -> None:
    calls = FakeCalls(most=5, full=CapacityError("full", retry_after_s=0))
    room = FakeRoom(*(sender(str(number)) for number in range(60)))
    async with following(room, calls) as one:
        await soon(lambda: len(states(one)) == 60)
        await soon(lambda: len(calls.running) == 5)
        waiting = ("refused", "server_full")
        await soon(lambda: [*states(one).values()].count(waiting) == 55)
        called = next(feed for feed, state in states(one).items() if state[0] == "called")
        room.put(gone=[called])
        await soon(lambda: len(calls.running) == 5 and len(calls.sessions) == 6)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnknownIdentityError("nobody"), "unknown_identity"),
        (ConsentLapsedError("gone"), "consent_not_in_force"),
        (MediaError("nothing"), "bad_media"),
        (RoomHostError("gone"), "room_host_gone"),
    ],
)
async def test_a_call_that_is_refused_is_told_and_tried_again(
    error: Any, code: str, unhurried: None
) -> None:
    calls = FakeCalls(refuse={"ada": error})
    async with following(FakeRoom(sender("1", "ada")), calls) as one:
        await soon(lambda: states(one) == {"1": ("refused", code)})
        calls.refuse.clear()
        await soon(lambda: states(one) == {"1": ("called", None)})
        assert calls.opened >= 2


async def test_whoever_sends_nothing_has_no_call_until_he_does() -> None:
    calls = FakeCalls()
    room = FakeRoom(sender("1", "ada", streams=()))
    async with following(room, calls) as one:
        await soon(lambda: states(one) == {"1": ("silent", None)})
        room.put(sender("1", "ada", stint=2))
        await soon(lambda: calls.of("ada"))


async def test_nobody_is_nobody_until_he_changes_his_name() -> None:
    class Known:
        async def who(self, publisher: Publisher) -> str | None:
            return {"Ada": "ada", "Bob": "bob"}.get(publisher.display or "")

    calls = FakeCalls()
    room = FakeRoom(sender("1", "Eve"))
    async with following(room, calls, rule=Known()) as one:
        await soon(lambda: states(one) == {"1": ("unmapped", None)})
        room.put(sender("1", "Ada"))
        await soon(lambda: calls.of("ada"))
        (ada,) = calls.of("ada")
        room.put(sender("1", "Bob"))
        await soon(lambda: calls.of("bob"))
        assert ada.summary.end_reason == "peer_closed"


async def test_who_cannot_be_asked_is_asked_again() -> None:
    class Away:
        times = 0

        async def who(self, publisher: Publisher) -> str | None:
            self.times += 1
            if self.times < 3:
                raise MappingError("away")
            return "ada"

    calls, rule = FakeCalls(), Away()
    async with following(FakeRoom(sender("1")), calls, rule=rule):
        await soon(lambda: calls.of("ada"))
        assert rule.times == 3


async def test_other_streams_are_fetched_anew_in_the_same_call_and_none_make_it_wait() -> None:
    calls = FakeCalls()
    room = FakeRoom(sender("1", "ada"))
    async with following(room, calls) as one:
        await soon(lambda: calls.of("ada"))
        (ada,) = calls.of("ada")
        room.put(sender("1", "ada", stint=2))
        await soon(lambda: calls.fetched == [(ada.id, "1")])
        room.put(sender("1", "ada", stint=3, streams=()))
        await soon(lambda: states(one) == {"1": ("away", None)})
        assert ada.lost == 1
        room.put(sender("1", "ada", stint=4))
        await soon(lambda: len(calls.fetched) == 2)
        assert not ada.ending


async def test_a_connection_that_breaks_is_made_anew() -> None:
    calls = FakeCalls()
    async with following(FakeRoom(sender("1", "ada")), calls):
        await soon(lambda: calls.of("ada"))
        (ada,) = calls.of("ada")
        ada.connection.source.closed.set()
        await soon(lambda: len(calls.fetched) == 1)
        assert not ada.ending


async def test_a_publisher_who_renegotiates_without_end_costs_little() -> None:
    calls = FakeCalls()
    room, ada = FakeRoom(sender("1", "ada")), sender("1", "ada")
    async with following(room, calls):
        await soon(lambda: calls.of("ada"))
        for _ in range(200):
            ada = again(ada)
            room.put(ada)
            await asyncio.sleep(0.005)
        assert len(calls.fetched) <= 4


async def test_one_who_comes_and_goes_without_end_costs_little_and_keeps_nobody_waiting() -> None:
    calls = FakeCalls()
    room = FakeRoom()
    async with following(room, calls):
        for number in range(100):
            room.put(sender(f"a{number}", "ada"))
            await asyncio.sleep(0.02)
            room.put(gone=[f"a{number}"])
        opened = calls.opened
        assert opened <= 5
        room.put(sender("b", "bob"))
        await soon(lambda: calls.of("bob"))


async def test_a_call_that_an_administrator_ended_stays_so_until_he_sends_anew() -> None:
    calls = FakeCalls()
    room = FakeRoom(sender("1", "ada"))
    async with following(room, calls) as one:
        await soon(lambda: calls.of("ada"))
        calls.running[0].request_end("ended_by_admin")
        await soon(lambda: states(one) == {"1": ("ended", "ended_by_admin")})
        await asyncio.sleep(0.2)
        assert calls.opened == 1
        room.put(sender("1", "ada", stint=2))
        await soon(lambda: calls.of("ada"))


async def test_a_call_that_ended_otherwise_is_opened_again() -> None:
    calls = FakeCalls()
    async with following(FakeRoom(sender("1", "ada")), calls):
        await soon(lambda: calls.of("ada"))
        calls.running[0].request_end("too_long")
        await soon(lambda: calls.opened == 2)


async def test_after_its_host_was_away_calls_go_on_with_whoever_maps_to_the_same_person() -> None:
    calls = FakeCalls()
    first = FakeRoom(sender("1", "ada"), sender("2", "bob"))
    second = FakeRoom(sender("2", "bob"))
    host = FakeHost(RoomHostError("away"), RoomHostError("away"), second)
    async with following(first, calls, host=host) as one:
        await soon(lambda: len(calls.running) == 2)
        (ada,), (bob,) = calls.of("ada"), calls.of("bob")
        first.end(RoomHostError("gone"))
        await soon(lambda: first.left)
        await soon(lambda: (bob.id, "2") in calls.fetched)
        assert host.entered == 3
        second.put(sender("7", "ada"))
        await soon(lambda: (ada.id, "7") in calls.fetched)
        assert (ada.lost, bob.lost, calls.opened) == (1, 1, 2)
        assert states(one) == {"2": ("called", None), "7": ("called", None)}


async def test_a_room_that_stays_away_is_given_up() -> None:
    calls = FakeCalls()
    room = FakeRoom(sender("1", "ada"))
    host = FakeHost(UnknownRoomError("no more"))
    async with following(room, calls, host=host, gone_s=0.3) as one:
        await soon(lambda: calls.of("ada"))
        (ada,) = calls.of("ada")
        room.end(RoomHostError("gone"))
        await soon(lambda: one.state == "away")
        await soon(one.over.is_set)
        assert (one.state, one.code) == ("over", "unknown_room")
        assert ada.ending


async def test_whoever_is_put_out_does_not_come_back() -> None:
    calls = FakeCalls()
    room = FakeRoom(sender("1", "ada"))
    host = FakeHost(FakeRoom())
    async with following(room, calls, host=host) as one:
        await soon(lambda: calls.of("ada"))
        room.end(RoomRefusedError("out"))
        await soon(one.over.is_set)
        assert (one.state, one.code, host.entered) == ("over", "room_refused", 0)


async def test_what_is_said_in_the_room_is_the_state_alone() -> None:
    calls = FakeCalls()
    room = FakeRoom(sender("1", "ada"))
    async with following(room, calls, tells=True):
        await soon(lambda: calls.of("ada"))
        (ada,) = calls.of("ada")
        ada.be(State.VERIFIED)
        ada.be(State.VERIFIED, State.VERIFIED)  # other reasons
        await soon(lambda: room.said)
        (said,) = map(json.loads, room.said)
        assert said == {
            "type": "verdict",
            "feed": "1",
            "session": ada.id,
            "state": "verified",
            "wall": "2026-01-02T03:04:05.678Z",
        }


async def test_nothing_is_said_where_nobody_asked_for_it() -> None:
    calls = FakeCalls()
    room = FakeRoom(sender("1", "ada"))
    async with following(room, calls):
        await soon(lambda: calls.of("ada"))
        calls.running[0].be(State.VERIFIED)
        await asyncio.sleep(0.1)
        assert room.said == []


@pytest.mark.parametrize(("layered", "layers"), [(True, [2]), (False, [])])
async def test_a_small_face_is_worth_a_larger_picture(layered: bool, layers: list[int]) -> None:
    calls = FakeCalls()
    one = sender("1", "ada")
    streams = tuple(replace(s, layered=layered and s.kind == "video") for s in one.streams)
    async with following(FakeRoom(replace(one, streams=streams)), calls):
        await soon(lambda: calls.of("ada"))
        (ada,) = calls.of("ada")
        for _ in range(6):
            ada.see((0.4, 0.4, 0.15, 0.25))
        await soon(lambda: not len(ada.connection.outbox))
        await asyncio.sleep(0.05)
        assert ada.connection.source.layers == layers


async def test_who_chooses_sizes_knows_whether_a_call_is_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choice = LayerChoice()
    monkeypatch.setattr("stream_verifier.rooms.reading.LayerChoice", lambda: choice)
    calls = FakeCalls()
    async with following(FakeRoom(sender("1", "ada")), calls):
        await soon(lambda: calls.of("ada"))
        (ada,) = calls.of("ada")
        ada.be(State.REJECTED)
        await soon(lambda: choice.rejected)
        ada.be(State.VERIFIED)
        await soon(lambda: not choice.rejected)


@pytest.mark.parametrize(("note", "layers"), [("no_face", [2]), ("overloaded", [])])
async def test_a_window_at_which_nobody_looked_says_nothing_of_its_size(
    note: str, layers: list[int]
) -> None:
    calls = FakeCalls()
    async with following(FakeRoom(sender("1", "ada")), calls):
        await soon(lambda: calls.of("ada"))
        (ada,) = calls.of("ada")
        for _ in range(6):
            ada.see(note=note)
        await soon(lambda: not len(ada.connection.outbox))
        await asyncio.sleep(0.05)
        assert ada.connection.source.layers == layers
