"""What is sent in pieces so small that each costs more than it brings."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from pathlib import Path

import h11
import httpx
import pytest

from stream_verifier.hosting import doorkeeper
from stream_verifier.hosting.pieces import (
    MOST_AHEAD_BYTES,
    MOST_HEAD_BYTES,
    MOST_LINES,
    SLICE_BYTES,
    TinyPiecesError,
    WeighedHttp,
    slices,
)
from stream_verifier.hosting.server import running_server
from tests.hosting.test_doorkeeper import Streams, server
from tests.support.calls import make_settings

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"POST /api/v1/tokens HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
UPGRADE = (
    b"GET /api/v1/call HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
    + base64.b64encode(bytes(16))
    + b"\r\n\r\n"
)
EMPTY_PING, EMPTY_PONG = b"\x89\x80\0\0\0\0", b"\x8a\x80\0\0\0\0"
EMPTY_START, EMPTY_MORE = b"\x01\x80\0\0\0\0", b"\x00\x80\0\0\0\0"


def events(sent: bytes) -> list[object]:
    """What h11 makes of data that comes in parts, up to where it wants more."""
    connection, found = WeighedHttp(), []
    for part in slices(sent):
        connection.receive_data(part)
        while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            found.append(event)
    return found


def test_a_header_as_browsers_and_proxies_send_it_is_read() -> None:
    lines = b"".join(b"x-%d: %s\r\n" % (number, b"v" * 100) for number in range(MOST_LINES - 3))
    (request, end) = events(HEAD + lines + b"\r\n")
    assert isinstance(request, h11.Request)
    assert len(request.headers) == MOST_LINES - 2
    assert isinstance(end, h11.EndOfMessage)


@pytest.mark.parametrize("end", [b"\r\n", b""])
def test_a_header_of_many_lines_is_refused_whether_or_not_it_ends(end: bytes) -> None:
    with pytest.raises(h11.RemoteProtocolError, match="too many lines"):
        events(HEAD + b"a:\r\n" * MOST_LINES + end)


def test_lines_of_a_body_are_not_those_of_its_header() -> None:
    body = b"\n" * (MOST_LINES + 1)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert sum(len(one.data) for one in events(head + body) if isinstance(one, h11.Data)) == 201


def test_a_header_that_is_too_long_is_refused_at_its_first_bytes() -> None:
    with pytest.raises(h11.RemoteProtocolError, match="too long"):
        events(HEAD + b"a: " + b"b" * (MOST_HEAD_BYTES + SLICE_BYTES))


def test_a_body_in_large_chunks_or_a_few_small_ones_is_read() -> None:
    large = b"200\r\n" + bytes(512) + b"\r\n"
    found = events(CHUNKED + large * 3000 + b"1\r\na\r\n" * 500 + b"0\r\n\r\n")
    assert isinstance(found[-1], h11.EndOfMessage)


@pytest.mark.parametrize(
    "flood",
    [
        b"1\r\na\r\n" * 1100,
        b"0\r\n" + b"a:\r\n" * 10 * MOST_LINES,
    ],
)
def test_a_body_of_tiny_chunks_or_many_last_lines_is_not_worth_it(flood: bytes) -> None:
    with pytest.raises(TinyPiecesError):
        events(CHUNKED + flood)


def test_only_so_much_may_be_asked_before_the_first_answer() -> None:
    with pytest.raises(TinyPiecesError):
        events((HEAD + b"\r\n") * (2 * MOST_AHEAD_BYTES // len(HEAD)))
    assert len(events((HEAD + b"\r\n") * 20)) == 2


async def ended(reader: asyncio.StreamReader, within_s: float) -> None:
    """Read a connection to its end, however it comes to it.

    Raises:
        TimeoutError: it does not.
    """
    async with asyncio.timeout(within_s):
        with contextlib.suppress(ConnectionError):
            while await reader.read(65536):
                pass


@pytest.mark.parametrize(
    "flood",
    [
        CHUNKED + b"1\r\na\r\n" * 5000,
        HEAD + b"a:\r\n" * 5000,
    ],
)
async def test_a_flood_without_a_token_ends_its_connection_and_no_other(
    tmp_path: Path, flood: bytes
) -> None:
    async with server(tmp_path) as running:
        streams = Streams(running.address)
        reader = await streams.open(flood)
        await ended(reader, 20)
        async with httpx.AsyncClient(base_url=running.address) as client:
            assert (await client.get("/api/v1/health")).status_code == 200
        streams.close()


@pytest.mark.parametrize(
    "flood",
    [EMPTY_PING * 1100, EMPTY_PONG * 1100, EMPTY_START + EMPTY_MORE * 1100],
    ids=["pings", "pongs", "fragments"],
)
async def test_a_socket_that_says_next_to_nothing_without_end_is_cut_off(
    tmp_path: Path, flood: bytes
) -> None:
    async with server(tmp_path) as running:
        streams = Streams(running.address)
        reader = await streams.open(UPGRADE)
        async with asyncio.timeout(20):
            assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        streams.send(flood)
        await ended(reader, 5)  # long before a first message would be missed
        streams.close()


async def test_a_socket_may_ping_as_often_as_anybody_honest_does(tmp_path: Path) -> None:
    async with server(tmp_path) as running:
        streams = Streams(running.address)
        reader = await streams.open(UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
        streams.send(EMPTY_PING * 100)
        async with asyncio.timeout(20):
            assert await reader.readexactly(200) == b"\x8a\x00" * 100
        streams.close()


async def test_who_asks_and_reads_nothing_is_waited_for_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorkeeper, "READ_WITHIN_S", 0.2)
    async with running_server(make_settings(tmp_path)) as running:
        streams = Streams(running.address)
        ask = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
        reader = await streams.open(ask * 200)  # 15 MB of answers: more than kernels hold back
        transport = reader._transport  # type: ignore[attr-defined]
        transport.pause_reading()
        async with asyncio.timeout(60):
            while not transport.is_closing():  # as it turns out when more is written
                streams.send(b"\r\n")
                await asyncio.sleep(0.1)
        streams.close()
