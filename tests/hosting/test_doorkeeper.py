"""Connections that hold the door: idle, slow, and with bodies that never come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from stream_verifier.hosting import doorkeeper
from stream_verifier.hosting.doorkeeper import Doorkeeper
from stream_verifier.hosting.server import RunningServer, running_server
from stream_verifier.identities.keys import new_key
from stream_verifier.web import guard
from tests.support.calls import make_settings

KEY = new_key()


@contextlib.asynccontextmanager
async def server(folder: Path) -> AsyncIterator[RunningServer]:
    async with running_server(make_settings(folder, token_key=KEY)) as running:
        yield running


class Streams:
    """Raw connections to a server."""

    def __init__(self, address: str) -> None:
        host, _, port = address.removeprefix("http://").partition(":")
        self._host, self._port = host, int(port)
        self._writers: list[asyncio.StreamWriter] = []

    async def open(self, sent: bytes = b"") -> asyncio.StreamReader:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        self._writers.append(writer)
        writer.write(sent)
        await writer.drain()
        return reader

    def send(self, data: bytes) -> None:
        """Say more over the newest."""
        self._writers[-1].write(data)

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


async def gone(reader: asyncio.StreamReader) -> bool:
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(20):
            return await reader.read() == b""
    return True


async def test_the_longest_waiting_gives_way_and_health_still_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorkeeper, "_room", lambda: 10)
    async with server(tmp_path) as running:
        streams = Streams(running.address)
        slow = [await streams.open(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow:") for _ in "123"]
        idle = [await streams.open() for _ in range(30)]
        async with httpx.AsyncClient(base_url=running.address) as client:
            answer = await client.get("/api/v1/health")
        assert answer.status_code == 200
        assert await gone(slow[0])
        assert await gone(idle[0])
        assert not idle[-1].at_eof()
        streams.close()


async def test_who_sends_no_request_in_time_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        doorkeeper.WatchedHttp, "doorkeeper", Doorkeeper(most=9, within_s=0.2), raising=False
    )
    monkeypatch.setattr(doorkeeper, "Doorkeeper", lambda most: Doorkeeper(most=most, within_s=0.2))
    async with server(tmp_path) as running:
        streams = Streams(running.address)
        assert await gone(await streams.open(b"GET / HTTP/1.1\r\nHost: local"))
        assert await gone(await streams.open())
        streams.close()


POST = (
    b"POST /api/v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 100\r\n"
)


async def test_a_body_is_not_read_from_who_shows_no_token(tmp_path: Path) -> None:
    async with server(tmp_path) as running:
        streams = Streams(running.address)
        for more in (b"", b"Authorization: Bearer forged\r\n"):
            reader = await streams.open(POST + more + b"\r\n")
            async with asyncio.timeout(20):
                assert b" 401 " in await reader.readline()
        streams.close()


async def test_a_body_that_does_not_come_is_waited_for_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "BODY_WITHIN_S", 0.2)
    async with running_server(make_settings(tmp_path)) as running:
        streams = Streams(running.address)
        reader = await streams.open(POST + b"\r\n")
        async with asyncio.timeout(20):
            assert b" 408 " in await reader.readline()
        streams.close()
