"""Publishers of a VideoRoom are verified, and none of them talks to us."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from stream_verifier.calls.deeds import CallDeeds
from tests.support.calls import all_that_is_said, server_with
from tests.support.janus_server import (
    ADDRESS,
    ROOM,
    JanusServer,
    needs_janus,
    publishing,
    until,
)

pytestmark = needs_janus
PATIENCE_S = 180


class Desk:
    """A server's rooms, over HTTP."""

    def __init__(self, client: httpx.AsyncClient, janus: JanusServer) -> None:
        self.client, self.janus = client, janus

    async def attach(self, **more: Any) -> dict[str, Any]:
        wanted = {"host": "janus", "url": self.janus.url, "room": str(ROOM), **more}
        answer = await self.client.post("/api/v1/rooms", json=wanted)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def room(self) -> dict[str, Any]:
        (room,) = (await self.client.get("/api/v1/rooms")).json()["rooms"]
        told: dict[str, Any] = room
        return told

    async def calls(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = (await self.client.get("/api/v1/calls")).json()["calls"]
        return told

    async def audited(self) -> list[str]:
        entries = (await self.client.get("/api/v1/audit?limit=500")).json()["entries"]
        return [entry["kind"] for entry in entries]

    async def until(self, fits: Any) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                room = await self.room()
                if fits(room):
                    return room
                await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def desk(folder: Path, janus: JanusServer, **changes: Any) -> AsyncIterator[Desk]:
    changes = {"ice_host_addresses": (ADDRESS,), **changes}
    async with (
        server_with(folder, **changes) as server,
        httpx.AsyncClient(base_url=server.address, timeout=30) as client,
    ):
        yield Desk(client, janus)


def states(said: list[dict[str, Any]], session: str) -> list[str]:
    return [
        event["state"]
        for event in said
        if event["type"] == "state_changed" and event["session"] == session
    ]


def of_type(said: list[dict[str, Any]], kind: str, session: str) -> list[dict[str, Any]]:
    return [event for event in said if event["type"] == kind and event["session"] == session]


def in_state(room: dict[str, Any], state: str) -> list[dict[str, Any]]:
    return [one for one in room["publishers"] if one["state"] == state]


async def test_whoever_maps_is_verified_and_whoever_does_not_has_no_call(
    enrolled_dir: Path, janus: JanusServer, grace: str, eileen: str
) -> None:
    with all_that_is_said() as said:
        async with (
            desk(enrolled_dir, janus) as rooms,
            publishing(janus, grace, "grace (guest)") as right,
            publishing(janus, eileen, "a visitor"),
        ):
            attached = await rooms.attach(map={"by": "display", "pattern": r"(.+) \(guest\)"})
            assert attached["state"] == "followed"
            room = await rooms.until(
                lambda room: in_state(room, "called") and in_state(room, "unmapped")
            )
            (called,) = in_state(room, "called")
            assert (called["identity"], called["feed"]) == ("grace", str(right.feed))
            assert in_state(room, "unmapped")[0]["display"] == "a visitor"
            session = called["session"]
            await until(lambda: "verified" in states(said, session), PATIENCE_S)
            (started,) = of_type(said, "session_started", session)
            assert started["seq"] == 1
            origin = {
                "host": "janus",
                "attachment": attached["id"],
                "room": str(ROOM),
                "feed": str(right.feed),
            }
            assert started["origin"] == origin
            (call,) = await rooms.calls()
            assert call["origin"] == origin
            refused = await rooms.client.post(f"/api/v1/calls/{session}/challenge", json={})
            assert (refused.status_code, refused.json()["code"]) == (409, "nobody_tells")
            metrics = (await rooms.client.get("/api/v1/metrics")).text
            assert 'stream_verifier_room_publishers{state="unmapped"} 1.0' in metrics
            await right.leave()
            await until(lambda: of_type(said, "session_ended", session), PATIENCE_S)
            assert of_type(said, "session_ended", session)[0]["reason"] == "peer_closed"
            gone = await rooms.client.delete(f"/api/v1/rooms/{attached['id']}")
            assert gone.status_code == 204
            assert (await rooms.client.get("/api/v1/rooms")).json() == {"rooms": []}
            wanted = {"room_attached", "call_started", "call_ended", "room_detached"}
            async with asyncio.timeout(PATIENCE_S):
                while not wanted <= set(await rooms.audited()):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)


async def test_nothing_is_said_of_media_before_the_call_has_begun(
    enrolled_dir: Path, janus: JanusServer, grace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = CallDeeds.begin

    async def slowly(self: CallDeeds, *what: Any, **more: Any) -> None:
        """A trail that is slow to write."""
        await asyncio.sleep(1.0)
        await begin(self, *what, **more)

    monkeypatch.setattr(CallDeeds, "begin", slowly)
    with all_that_is_said() as said:
        async with desk(enrolled_dir, janus) as rooms, publishing(janus, grace, "grace"):
            await rooms.attach()
            await until(lambda: any(event["type"] == "score" for event in said), PATIENCE_S)
            assert [event["seq"] for event in said] == [*range(1, len(said) + 1)]
            assert said[0]["type"] == "session_started"


async def test_somebody_else_under_that_name_is_rejected(
    enrolled_dir: Path, janus: JanusServer, eileen: str
) -> None:
    with all_that_is_said() as said:
        async with desk(enrolled_dir, janus) as rooms, publishing(janus, eileen, "grace"):
            await rooms.attach()
            room = await rooms.until(lambda room: in_state(room, "called"))
            session = room["publishers"][0]["session"]
            await until(lambda: "rejected" in states(said, session), PATIENCE_S)
            assert "verified" not in states(said, session)


async def test_whoever_stops_and_publishes_again_begins_anew_in_the_same_call(
    enrolled_dir: Path, janus: JanusServer, grace: str, eileen: str
) -> None:
    with all_that_is_said() as said:
        async with desk(enrolled_dir, janus) as rooms, publishing(janus, grace, "grace") as one:
            await rooms.attach()
            room = await rooms.until(lambda room: in_state(room, "called"))
            session = room["publishers"][0]["session"]
            await until(lambda: "verified" in states(said, session), PATIENCE_S)
            await one.unpublish()
            await rooms.until(lambda room: in_state(room, "away"))
            await until(lambda: states(said, session)[-1] != "verified", PATIENCE_S)
            before = len(said)
            await one.publish(eileen)
            await rooms.until(lambda room: in_state(room, "called"))
            await until(lambda: "rejected" in states(said[before:], session), PATIENCE_S)
            assert "verified" not in states(said[before:], session)
            assert [e["reason"] for e in of_type(said, "connection_lost", session)] == [
                "media_stopped"
            ]
            assert len(of_type(said, "connection_resumed", session)) == 1
            gaps = of_type(said, "gap", session)
            assert {gap["kind"] for gap in gaps if gap["reason"] == "reconnected"} == {
                "audio",
                "video",
            }


async def test_a_new_name_is_another_call(
    enrolled_dir: Path, janus: JanusServer, grace: str
) -> None:
    with all_that_is_said() as said:
        async with desk(enrolled_dir, janus) as rooms, publishing(janus, grace, "grace") as one:
            await rooms.attach()
            room = await rooms.until(lambda room: in_state(room, "called"))
            session = room["publishers"][0]["session"]
            await one.ask(request="configure", display="nobody here")
            room = await rooms.until(lambda room: not in_state(room, "called"))
            await until(lambda: of_type(said, "session_ended", session), PATIENCE_S)
            room = await rooms.until(lambda room: in_state(room, "refused"))
            assert room["publishers"][0]["code"] == "unknown_identity"


async def test_janus_is_killed_and_comes_back_and_the_call_goes_on(
    enrolled_dir: Path, janus: JanusServer, grace: str
) -> None:
    with all_that_is_said() as said:
        async with desk(enrolled_dir, janus) as rooms:
            async with publishing(janus, grace, "grace"):
                await rooms.attach()
                room = await rooms.until(lambda room: in_state(room, "called"))
                session = room["publishers"][0]["session"]
                await until(lambda: "verified" in states(said, session), PATIENCE_S)
                janus.kill()
                room = await rooms.until(lambda room: room["state"] == "away")
                assert room["code"] == "room_host_gone"
                await until(lambda: states(said, session)[-1] != "verified", PATIENCE_S)
            janus.start()
            await rooms.until(lambda room: room["state"] == "followed")
            before = len(said)
            async with publishing(janus, grace, "grace") as again:
                room = await rooms.until(lambda room: in_state(room, "called"))
                assert room["publishers"][0]["session"] == session
                await until(lambda: "verified" in states(said[before:], session), PATIENCE_S)
                (resumed,) = of_type(said, "connection_resumed", session)
                assert resumed["origin"]["feed"] == str(again.feed)
                (call,) = await rooms.calls()
                assert call["origin"]["feed"] == str(again.feed)


async def test_a_server_that_stops_leaves_the_room_and_ends_its_calls(
    enrolled_dir: Path, janus: JanusServer, grace: str
) -> None:
    with all_that_is_said() as said:
        async with publishing(janus, grace, "grace") as one:
            async with desk(enrolled_dir, janus) as rooms:
                await rooms.attach()
                room = await rooms.until(lambda room: in_state(room, "called"))
                session = room["publishers"][0]["session"]
            assert of_type(said, "session_ended", session)[0]["reason"] == "server_stopping"
            listed = await one.ask(request="listparticipants", room=ROOM)
            assert [person["id"] for person in listed["participants"]] == [one.feed]
