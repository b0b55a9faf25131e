"""Two servers that share a Redis: a call may be asked about, resumed and ended at either."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.client import DecodedCall, EventFeed, FeedEvent
from stream_verifier.hosting.server import RunningServer
from stream_verifier.identities.keys import new_key, parse_key
from stream_verifier.web.passing_on import PASSED_ON
from tests.support.calls import (
    CONSENT,
    TIMEOUT_S,
    DemoCalls,
    Event,
    say,
    server_with,
    start_message,
    unbroken,
    url_of,
)
from tests.support.fed import feed, pieces_of
from tests.support.redis_server import RedisServer, needs_redis
from tests.support.resuming import ResumingClient

pytestmark = needs_redis
LEASE_S = 1.5


@dataclass
class Worker:
    """One server of the fleet."""

    server: RunningServer

    @property
    def call_url(self) -> str:
        return url_of(self.server)

    async def get(self, path: str, status: int = 200) -> Any:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{self.server.address}/api/v1/{path}")
        assert answer.status_code == status, answer.text
        return answer.json()

    async def delete(self, path: str) -> int:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            return (await client.delete(f"{self.server.address}/api/v1/{path}")).status_code

    async def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            answer = await client.post(f"{self.server.address}/api/v1/{path}", json=body)
        return answer.status_code, answer.json()

    async def verdicts(self) -> dict[str, tuple[str | None, str | None]]:
        """State and end of each call."""
        calls = (await self.get("calls"))["calls"]
        return {call["session"]: (call["state"], call["end_reason"]) for call in calls}


@contextlib.asynccontextmanager
async def worker(redis: RedisServer, folder: Path, **changes: Any) -> AsyncIterator[Worker]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = {"redis_url": redis.url, "lease_s": LEASE_S, "port": port, **changes}
    async with server_with(folder, **settings) as server:
        yield Worker(server)


@pytest.fixture
async def two(redis: RedisServer, enrolled_dir: Path) -> AsyncIterator[tuple[Worker, Worker]]:
    async with worker(redis, enrolled_dir) as one, worker(redis, enrolled_dir) as other:
        yield one, other


@contextlib.asynccontextmanager
async def calling(at: Worker, demo_calls: DemoCalls) -> AsyncIterator[ResumingClient]:
    """Grace, in a call that is scored."""
    media = demo_calls.get("grace", "grace", 25)
    async with asyncio.timeout(TIMEOUT_S), ResumingClient(at.call_url, media) as client:
        await client.start(identity="grace")
        await client.until("score")
        yield client


def go_to(client: ResumingClient, other: Worker, path: str = "") -> None:
    client._url = other.call_url + path


def of_type(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["type"] == kind]


async def test_every_server_tells_of_all_calls_and_ends_them(
    two: tuple[Worker, Worker], demo_calls: DemoCalls
) -> None:
    one, other = two
    async with (
        EventFeed(other.server.address, identities=["grace"]) as feed,
        calling(one, demo_calls) as client,
    ):
        session = client.answer["session"]
        await client.until("state_changed", state="verified")
        while (await other.verdicts())[session] != ("verified", None):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert (await other.get(f"calls/{session}"))["identity"] == "grace"
        assert len((await other.get(f"calls/{session}/events"))["events"]) >= 3
        first = await anext(feed)
        assert isinstance(first, FeedEvent)
        assert (first.raw["type"], first.raw["session"]) == ("session_started", session)
        assert await other.delete(f"calls/{session}") == 204
        assert (await client.until("session_ended"))["reason"] == "ended_by_admin"
        for each in two:
            assert (await each.verdicts())[session][1] == "ended_by_admin"


async def test_a_server_that_has_not_the_call_passes_its_client_on(
    two: tuple[Worker, Worker], demo_calls: DemoCalls
) -> None:
    one, other = two
    async with calling(one, demo_calls) as client:
        session = client.answer["session"]
        go_to(client, other, f"/{session}")
        answer = await client.resume()
        assert (answer["type"], answer["session"]) == ("answer", session)
        await client.until("connection_resumed")
        await client.until("score")
        assert ((await one.get("health"))["calls"], (await other.get("health"))["calls"]) == (1, 0)
        await client.stop()
        assert (await client.until("session_ended"))["reason"] == "stopped"
    assert unbroken(client.events)


async def test_the_server_that_has_the_call_has_the_person_asked_wherever_that_is_wanted(
    two: tuple[Worker, Worker], demo_calls: DemoCalls
) -> None:
    one, other = two
    async with calling(one, demo_calls) as client:
        path = f"calls/{client.answer['session']}/challenge"
        status, problem = await other.post(path, {})
        assert (status, problem["code"]) == (409, "nobody_tells")
        status, asked = await other.post(path, {"kind": "turn_head", "asker_tells": True})
        assert (status, asked["by"], asked["number"]) == (201, "api", 1)
        assert (await client.until("challenge_asked"))["challenge"] == asked["challenge"]
        status, problem = await other.post(path, {"asker_tells": True})
        assert (status, problem["code"]) == (409, "challenge_open")
        await client.stop()
        await client.until("session_ended")
    status, problem = await other.post(path, {"asker_tells": True})
    assert (status, problem["code"]) == (409, "no_challenge")


async def test_a_wrong_key_is_refused_wherever_it_is_shown(
    two: tuple[Worker, Worker], demo_calls: DemoCalls
) -> None:
    one, other = two
    async with calling(one, demo_calls) as client:
        go_to(client, other)
        assert (await client.refused_resume(resume_key="a" * 43))["code"] == "forbidden"
        refused = await client.refused_resume(session="0" * 32)
        assert refused["code"] == "unknown_session"
        await client.until("score")


async def test_a_client_cannot_choose_where_its_call_goes_on(
    redis: RedisServer, enrolled_dir: Path
) -> None:
    key = new_key()
    token = Tokens(parse_key(key)).issue([Scope.PUBLISH], identity="grace", ttl_s=600)
    said = {"mode": "verify", "identity": "grace", "token": token}

    def fed(at: Worker, **headers: str) -> Any:
        address = at.server.address.replace("http", "ws", 1) + "/api/v1/decoded"
        return websockets.connect(address, additional_headers=headers)

    async with (
        asyncio.timeout(TIMEOUT_S),
        worker(redis, enrolled_dir, token_key=key) as one,
        worker(redis, enrolled_dir, token_key=key) as other,
        fed(one) as first,
        fed(other, **{PASSED_ON: "1"}) as second,
    ):
        await first.send(json.dumps({"type": "start", **said}))
        started = json.loads(await first.recv())
        back = {name: started[name] for name in ("session", "resume_key")}
        await second.send(json.dumps({"type": "resume", "token": token, **back}))
        assert json.loads(await second.recv())["session"] == started["session"]
        assert ((await one.get("health"))["calls"], (await other.get("health"))["calls"]) == (1, 0)
        await second.send(json.dumps({"type": "stop"}))


async def test_a_call_moves_from_a_server_that_is_told_to_stop(
    redis: RedisServer, enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    async with (
        worker(redis, enrolled_dir) as stays,
        worker(redis, enrolled_dir, drain_s=60.0) as leaves,
        EventFeed(stays.server.address, identities=["grace"]) as feed,
        calling(leaves, demo_calls) as client,
    ):
        session = client.answer["session"]
        await client.until("state_changed", state="verified")
        leaves.server.drain()
        told = await client.until("going_away")
        assert 0 < told["come_back_within_s"] <= 20
        client.events.remove(told)
        go_to(client, stays, f"/{session}")
        await client.resume()
        await client.until("connection_resumed")
        reset = await client.until("state_changed")
        assert (reset["state"], reset["previous"]) == ("waiting", "verified")
        await leaves.server.wait()
        await client.until("gap", kind="audio", reason="reconnected")
        await client.until("state_changed", state="verified")
        await client.stop()
        assert (await client.until("session_ended"))["reason"] == "stopped"
        followed: list[Event] = []
        while not of_type(followed, "session_ended"):
            item = await anext(feed)
            assert isinstance(item, FeedEvent)
            followed.append(item.raw)
    assert unbroken(client.events)
    assert {event["session"] for event in client.events} == {session}
    assert [event["seq"] for event in followed] == list(range(1, len(followed) + 1))
    times = [event["media_s"] for event in of_type(client.events, "score")]
    assert times == sorted(times)


async def test_a_client_that_comes_back_to_a_server_about_to_stop_is_passed_on(
    redis: RedisServer, enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    async with (
        worker(redis, enrolled_dir) as stays,
        worker(redis, enrolled_dir, drain_s=60.0) as leaves,
        calling(leaves, demo_calls) as client,
    ):
        leaves.server.drain()
        client.events.remove(await client.until("going_away"))
        await client.resume()
        await client.until("connection_resumed")
        await client.until("score")
        assert (await stays.get("health"))["calls"] == 1
        await client.stop()
        assert (await client.until("session_ended"))["reason"] == "stopped"
        await leaves.server.wait()
        assert unbroken(client.events)


async def test_an_enrolment_stays_where_it_is(
    redis: RedisServer, enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    # Longer than it takes, since a busy machine leaves windows out.
    media = demo_calls.get("grace", "grace", 25)
    async with (
        asyncio.timeout(TIMEOUT_S),
        worker(redis, enrolled_dir),
        worker(redis, enrolled_dir, drain_s=60.0) as leaves,
        ResumingClient(leaves.call_url, media) as client,
    ):
        await client.start(mode="enrol", identity="mover", consent=CONSENT)
        await client.until("enrolment_progress")
        leaves.server.drain()
        assert (await client.until("going_away"))["come_back_within_s"] is None
        await client.until("enrolled")
        await leaves.server.wait()


async def test_a_call_goes_on_when_its_server_is_killed(
    redis: RedisServer, enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    async with (
        killable(redis, enrolled_dir) as (url, process),
        worker(redis, enrolled_dir) as stays,
        asyncio.timeout(TIMEOUT_S),
        ResumingClient(url, demo_calls.get("grace", "grace", 25)) as client,
    ):
        await client.start(identity="grace")
        await client.until("state_changed", state="verified")
        process.kill()
        await process.wait()
        with contextlib.suppress(websockets.ConnectionClosed):
            async for _ in client.follow():
                pass
        go_to(client, stays)
        assert (await client.resume())["type"] == "answer"
        assert (await client.until("connection_resumed"))["away_s"] >= 0
        await client.until("state_changed", state="verified")
        await client.stop()
        assert (await client.until("session_ended"))["reason"] == "stopped"
        session = client.answer["session"]
        held = (await stays.get(f"calls/{session}/events"))["events"]
    assert unbroken(client.events)
    # What the killed one told its client in its last moment it may not have written any more.
    numbers = [event["seq"] for event in held]
    assert numbers == sorted({*numbers})
    assert numbers[-1] - len(numbers) <= 2


@contextlib.asynccontextmanager
async def killable(
    redis: RedisServer, folder: Path
) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """A server in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = {
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "REDIS_URL": redis.url,
        "LEASE_S": str(LEASE_S),
        "MEASURE_CAPACITY": "false",
        "MAX_CALLS": "8",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stream_verifier", "serve"),
        env=os.environ | {f"STREAM_VERIFIER_{key}": value for key, value in settings.items()},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(TIMEOUT_S), httpx.AsyncClient() as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    await client.get(f"http://127.0.0.1:{port}/api/v1/health")
                    break
                await asyncio.sleep(0.1)
        yield f"ws://127.0.0.1:{port}/api/v1/call", process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_limits_hold_over_all_servers(
    redis: RedisServer, enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    limits = {"max_calls_per_identity": 1, "openings_per_minute": 3}
    async with (
        worker(redis, enrolled_dir, **limits) as one,
        worker(redis, enrolled_dir, **limits) as other,
        calling(one, demo_calls) as client,
    ):
        told = [await say(other.server, start_message(sdp="v=0")) for _ in range(3)]
        assert {refused["code"] for refused in told} <= {"bad_sdp", "rate_limited"}
        assert told[-1]["code"] == "rate_limited"
        assert 0 < told[-1]["retry_after_s"] <= 60
        await client.until("score")


async def test_without_redis_calls_go_on_and_none_is_opened(
    redis: RedisServer, two: tuple[Worker, Worker], demo_calls: DemoCalls
) -> None:
    one, other = two
    async with calling(one, demo_calls) as client:
        session = client.answer["session"]
        redis.kill()
        refused = await say(other.server, start_message(sdp="v=0"))
        assert (refused["code"], refused["retry_after_s"]) == ("fleet_failed", 5)
        await client.until("state_changed", state="verified")
        # Its own server takes it back all the same.
        await client.resume()
        await client.until("connection_resumed")
        await until_ready(other, 503)
        redis.start()
        await until_ready(other, 200)
        await client.until("score")
        while (await other.verdicts())[session][0] is None:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await client.stop()
        ended = await client.until("session_ended")
        assert ended["reason"] == "stopped"
        # A log that is only just back is not waited for by who makes a call.
        while (await other.verdicts())[session][1] is None:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        events = (await other.get(f"calls/{session}/events"))["events"]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert events[-1]["type"] == "session_ended"


async def until_ready(worker: Worker, status: int) -> None:
    async with httpx.AsyncClient() as client:
        while True:
            answer = await client.get(f"{worker.server.address}/api/v1/ready")
            if answer.status_code == status:
                return
            await asyncio.sleep(0.1)


async def test_a_fed_call_is_passed_on_and_moves_like_any_other(
    redis: RedisServer, enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    grace = pieces_of(demo_calls.get("grace", "grace", 25), pictures_per_s=5)
    grace += [replace(one, at_s=one.at_s + 25) for one in grace]
    async with (
        worker(redis, enrolled_dir) as stays,
        worker(redis, enrolled_dir, drain_s=60.0) as leaves,
        asyncio.timeout(TIMEOUT_S),
        DecodedCall(leaves.server.address, identity="grace") as call,
    ):
        feeding = asyncio.create_task(feed(call, grace))
        call._url = call._url.replace(leaves.server.address[7:], stays.server.address[7:])
        await lose(call)
        await follow(call, "connection_resumed")
        await follow(call, "state_changed", state="verified")
        assert ((await leaves.get("health"))["calls"], call.resumptions) == (1, 1)
        leaves.server.drain()
        await lose(call)
        await follow(call, "connection_resumed")
        await leaves.server.wait()
        # It may have come back to the one that leaves first, and moves on from there.
        while (await stays.get("health"))["calls"] != 1:  # noqa: ASYNC110 (another server)
            await asyncio.sleep(0.05)
        await follow(call, "state_changed", state="verified")
        assert (await stays.get("health"))["calls"] == 1
        feeding.cancel()
        assert (await call.finish()).reason == "stopped"


async def lose(call: DecodedCall) -> None:
    assert call._socket is not None
    await call._socket.close(1001)


async def follow(call: DecodedCall, kind: str, /, **fields: Any) -> None:
    async for event in call.events():
        if event.type == kind and fields.items() <= event.fields.items():
            return
    raise AssertionError(f"no {kind} came")
