"""WebSockets that never begin, and such as are told to go and stay."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from stream_verifier.hosting import doorkeeper
from tests.hosting.test_doorkeeper import Streams, server
from tests.hosting.test_pieces import UPGRADE, ended

_HEAD = UPGRADE.removesuffix(b"\r\n")
_GARBLED = b"\x81\x81\0\0\0\0{"
"""A text frame that is no JSON."""


@pytest.mark.parametrize(
    "no_handshake",
    [
        _HEAD + b"Content-Length: 1\r\n\r\na",
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        _HEAD + b"".join(b"X-%d: a\r\n" % number for number in range(150)) + b"\r\n",
        _HEAD + b"X: " + b"a" * 9000 + b"\r\n\r\n",
        UPGRADE.replace(b"/call", b"/call?" + b"a" * 9000),
    ],
    ids=["body", "chunks", "lines", "long line", "long address"],
)
async def test_what_is_no_handshake_is_told_so_and_holds_no_connection(
    tmp_path: Path, no_handshake: bytes
) -> None:
    async with server(tmp_path) as running:
        streams = Streams(running.address)
        reader = await streams.open(no_handshake)
        async with asyncio.timeout(20):
            assert (await reader.readline()).startswith(b"HTTP/1.1 4")
        await ended(reader, 20)
        streams.close()


async def test_who_is_told_to_go_and_stays_gives_way_to_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorkeeper, "_room", lambda: 2)
    async with server(tmp_path) as running:
        streams = Streams(running.address)
        staying = []
        for _ in range(4):
            staying.append(await streams.open(UPGRADE))
            async with asyncio.timeout(20):
                await staying[-1].readuntil(b"\r\n\r\n")
                streams.send(_GARBLED)
                assert b"bad_message" in await staying[-1].readuntil(b"}")
        await ended(staying[0], 5)  # long before uvicorn lets it go
        assert not staying[-1].at_eof()
        streams.close()
