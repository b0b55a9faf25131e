"""A room is followed by one server of a fleet, and by another when that one is gone."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.ports import free_port
from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.identities.keys import new_key, parse_key
from tests.support.calls import DemoCalls, server_with
from tests.support.fleet import killable
from tests.support.janus_server import (
    ADDRESS,
    PIN,
    PIN_ROOM,
    JanusPublisher,
    JanusServer,
    janus_server,
    needs_janus,
)
from tests.support.janus_server import publishing as in_room
from tests.support.redis_server import RedisServer, needs_redis

pytestmark = [needs_redis, needs_janus]
PATIENCE_S = 180
KEY = new_key()
TOKEN = Tokens(parse_key(KEY)).issue([Scope.ADMIN], ttl_s=3600)


@pytest.fixture
def janus() -> Iterator[JanusServer]:
    with janus_server() as server:
        yield server


@dataclass
class Worker:
    """One server of the fleet."""

    address: str

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async with httpx.AsyncClient(timeout=30) as client:
            headers = {"authorization": f"Bearer {TOKEN}"}
            return await client.request(
                method, f"{self.address}/api/v1/{path}", headers=headers, **more
            )

    async def get(self, path: str) -> Any:
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def attach(self, janus: JanusServer) -> httpx.Response:
        wanted = {"host": "janus", "url": janus.url, "room": str(PIN_ROOM), "pin": PIN}
        return await self.ask("POST", "rooms", json=wanted)

    async def called(self, *, here: bool) -> dict[str, Any]:
        """The room, once its publisher has a call at this server, or at another."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for room in (await self.get("rooms"))["rooms"]:
                    states = {one["state"] for one in room["publishers"]}
                    if room["worker_here"] is here and states == {"called"}:
                        return dict(room)
                await asyncio.sleep(0.1)

    async def state_of(self, session: str) -> str | None:
        calls = (await self.get("calls"))["calls"]
        return next((call["state"] for call in calls if call["session"] == session), None)

    async def end_reasons(self) -> list[str | None]:
        return [call["end_reason"] for call in (await self.get("calls"))["calls"]]

    async def until_verified(self, session: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await self.state_of(session) != "verified":  # noqa: ASYNC110
                await asyncio.sleep(0.1)


def settings(redis: RedisServer, janus: JanusServer) -> dict[str, Any]:
    return {
        "redis_url": redis.url,
        "port": free_port(),
        "token_key": KEY,
        "ice_host_addresses": (ADDRESS,),
        "room_hosts": (janus.url,),
        "lease_s": 3,
    }


@contextlib.asynccontextmanager
async def worker(redis: RedisServer, folder: Path, janus: JanusServer) -> AsyncIterator[Worker]:
    async with server_with(folder, **settings(redis, janus)) as server:
        yield Worker(server.address)


def publishing(janus: JanusServer, media: Path) -> AbstractAsyncContextManager[JanusPublisher]:
    return in_room(janus, media, room=PIN_ROOM, pin=PIN)


async def test_every_server_knows_of_a_room_that_one_follows_and_detaches_it(
    redis: RedisServer, enrolled_dir: Path, janus: JanusServer, demo_calls: DemoCalls
) -> None:
    media = demo_calls.get("grace", "grace")
    async with (
        worker(redis, enrolled_dir, janus) as one,
        worker(redis, enrolled_dir, janus) as other,
        publishing(janus, media),
    ):
        assert (await one.attach(janus)).status_code == 201
        again = await other.attach(janus)
        assert (again.status_code, again.json()["code"]) == (409, "room_attached")
        room = await other.called(here=False)
        shown = await other.get(f"rooms/{room['id']}")
        assert shown["room"] == str(PIN_ROOM)
        raw = redis_bytes(redis)
        assert PIN.encode() not in raw
        assert PIN not in str(room)
        assert (await other.ask("DELETE", f"rooms/{room['id']}")).status_code == 204
        async with asyncio.timeout(PATIENCE_S):
            while (await one.get("rooms"))["rooms"]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert (await one.ask("DELETE", f"rooms/{room['id']}")).status_code == 404
        async with asyncio.timeout(PATIENCE_S):
            while None in (ended := await one.end_reasons()):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert ended == ["stopped"]


async def test_a_room_and_its_calls_go_on_at_another_when_its_server_stops(
    redis: RedisServer, enrolled_dir: Path, janus: JanusServer, demo_calls: DemoCalls
) -> None:
    media = demo_calls.get("grace", "grace")
    async with worker(redis, enrolled_dir, janus) as other, publishing(janus, media):
        async with worker(redis, enrolled_dir, janus) as one:
            assert (await one.attach(janus)).status_code == 201
            session = (await one.called(here=True))["publishers"][0]["session"]
            await one.until_verified(session)
        room = await other.called(here=True)
        assert room["publishers"][0]["session"] == session
        events = (await other.get(f"calls/{session}/events"))["events"]
        assert [event["seq"] for event in events] == [*range(1, len(events) + 1)]
        assert "session_ended" not in [event["type"] for event in events]
        await other.until_verified(session)


async def test_a_room_goes_on_at_another_when_its_server_is_killed(
    redis: RedisServer, enrolled_dir: Path, janus: JanusServer, demo_calls: DemoCalls
) -> None:
    media = demo_calls.get("grace", "grace")
    more = {
        "ICE_HOST_ADDRESSES": f'["{ADDRESS}"]',
        "ROOM_HOSTS": f'["{janus.url}"]',
        "TOKEN_KEY": KEY,
        "LEASE_S": "3",
    }
    async with (
        killable(redis, enrolled_dir, more) as process,
        worker(redis, enrolled_dir, janus) as other,
        publishing(janus, media),
    ):
        one = Worker(process.address)
        assert (await one.attach(janus)).status_code == 201
        session = (await one.called(here=True))["publishers"][0]["session"]
        await one.until_verified(session)
        await process.stop(signal.SIGKILL)
        room = await other.called(here=True)
        assert room["publishers"][0]["session"] == session
        await other.until_verified(session)


def redis_bytes(redis: RedisServer) -> bytes:
    """All that Redis has written down."""
    return b"".join(path.read_bytes() for path in redis.folder.rglob("*") if path.is_file())
