"""A server that is told to stop lets calls finish, for so long and no longer."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from tests.support.calls import (
    TIMEOUT_S,
    DemoCalls,
    say,
    server_with,
    start_message,
    url_of,
)
from tests.support.resuming import ResumingClient

LONG_S = 60.0


async def ready(address: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(f"{address}/api/v1/ready")


async def until_going_away(client: ResumingClient) -> dict[str, Any]:
    """Follow until the message that is no event."""
    return await client.until("going_away")


async def test_calls_are_told_and_may_finish_and_nobody_else_comes_in(
    enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    async with (
        asyncio.timeout(TIMEOUT_S),
        server_with(enrolled_dir, drain_s=LONG_S) as server,
        ResumingClient(url_of(server), demo_calls.get("grace", "grace")) as client,
    ):
        await client.start(identity="grace")
        await client.until("score")
        assert (await ready(server.address)).status_code == 200
        server.drain()
        told = await until_going_away(client)
        assert told == {"type": "going_away", "ends_in_s": LONG_S, "come_back_within_s": None}
        refused = await say(server, start_message())
        assert (refused["code"], refused["retry_after_s"]) == ("server_stopping", 2)
        answer = await ready(server.address)
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert int(answer.headers["retry-after"]) > 0
        assert (await client.until("score"))["seq"] > 1
        await client.stop()
        assert (await client.until("session_ended"))["reason"] == "stopped"
        # Nothing else holds it up.
        await server.wait()


async def test_who_comes_back_meanwhile_is_told_too(
    enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    async with (
        asyncio.timeout(TIMEOUT_S),
        server_with(enrolled_dir, drain_s=LONG_S) as server,
        ResumingClient(url_of(server), demo_calls.get("grace", "grace")) as client,
    ):
        await client.start(identity="grace")
        await client.until("score")
        server.drain()
        await until_going_away(client)
        client.events = [event for event in client.events if "seq" in event]
        assert (await client.resume())["type"] == "answer"
        await until_going_away(client)


async def test_calls_that_go_on_end_when_time_is_up(
    enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    async with (
        asyncio.timeout(TIMEOUT_S),
        server_with(enrolled_dir, drain_s=0.5) as server,
        ResumingClient(url_of(server), demo_calls.get("grace", "grace")) as client,
    ):
        await client.start(identity="grace")
        await client.until("score")
        server.drain()
        assert (await client.until("session_ended"))["reason"] == "server_stopping"
        await server.wait()


async def test_a_server_without_calls_exits_at_once(enrolled_dir: Path) -> None:
    async with asyncio.timeout(TIMEOUT_S), server_with(enrolled_dir, drain_s=LONG_S) as server:
        server.drain()
        await server.wait()


@pytest.mark.parametrize("message", [start_message(), json.dumps({"type": "stop"})])
async def test_the_address_of_a_session_takes_nobody_else(enrolled_dir: Path, message: str) -> None:
    async with (
        asyncio.timeout(TIMEOUT_S),
        server_with(enrolled_dir) as server,
        websockets.connect(f"{url_of(server)}/5f0c") as socket,
    ):
        await socket.send(message)
        assert json.loads(await socket.recv())["code"] == "bad_message"
