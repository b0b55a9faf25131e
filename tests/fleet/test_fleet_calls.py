"""Two servers that share a Redis: a call may be asked about, resumed and ended at either."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.client import EventFeed, FeedEvent
from stream_verifier.identities.keys import new_key, parse_key
from stream_verifier.web.passing_on import PASSED_ON
from tests.support.calls import TIMEOUT_S, DemoCalls, say, start_message, unbroken
from tests.support.fleet import Worker, calling, go_to, worker
from tests.support.redis_server import RedisServer, needs_redis

pytestmark = needs_redis


@pytest.fixture
async def two(redis: RedisServer, enrolled_dir: Path) -> AsyncIterator[tuple[Worker, Worker]]:
    async with worker(redis, enrolled_dir) as one, worker(redis, enrolled_dir) as other:
        yield one, other


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
