"""Calls that go on at another server, because theirs is about to stop or gone."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import websockets

from stream_verifier.client import DecodedCall, EventFeed, FeedEvent
from tests.support.calls import CONSENT, TIMEOUT_S, DemoCalls, Event, unbroken
from tests.support.fed import feed, pieces_of
from tests.support.fleet import calling, go_to, killable, worker
from tests.support.redis_server import RedisServer, needs_redis
from tests.support.resuming import ResumingClient

pytestmark = needs_redis


def of_type(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["type"] == kind]


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
        killable(redis, enrolled_dir) as process,
        worker(redis, enrolled_dir) as stays,
        asyncio.timeout(TIMEOUT_S),
        ResumingClient(process.call_url, demo_calls.get("grace", "grace", 25)) as client,
    ):
        await client.start(identity="grace")
        await client.until("state_changed", state="verified")
        await process.stop(signal.SIGKILL)
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


async def test_a_fed_call_is_passed_on_and_moves_like_any_other(
    redis: RedisServer, enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    lap = pieces_of(demo_calls.get("grace", "grace"), pictures_per_s=5)
    grace = [replace(one, at_s=one.at_s + 12 * turn) for turn in range(4) for one in lap]
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
