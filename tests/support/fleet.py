"""Servers of one fleet: as many as a test wants in its process, and one that can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.fleet.town import WorkerProcess
from benchmarks.ports import free_port
from stream_verifier.hosting.server import RunningServer
from tests.support.calls import TIMEOUT_S, DemoCalls, server_with, url_of
from tests.support.redis_server import RedisServer
from tests.support.resuming import ResumingClient

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
    settings = {"redis_url": redis.url, "lease_s": LEASE_S, "port": free_port(), **changes}
    async with server_with(folder, **settings) as server:
        yield Worker(server)


@contextlib.asynccontextmanager
async def killable(
    redis: RedisServer, folder: Path, settings: Mapping[str, str] | None = None
) -> AsyncIterator[WorkerProcess]:
    """A server in a process of its own.

    Args:
        redis: what the fleet shares.
        folder: of who is enrolled; its log goes beside.
        settings: more of them, by their names in the environment, without the prefix.
    """
    shared = {
        "DATA_DIR": str(folder),
        "REDIS_URL": redis.url,
        "LEASE_S": str(LEASE_S),
        "MEASURE_CAPACITY": "false",
        "MAX_CALLS": "8",
    }
    process = WorkerProcess({**shared, **(settings or {})}, redis.folder / "killable.log")
    try:
        await process.start()
        yield process
    finally:
        await process.stop(signal.SIGKILL)


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
