from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from stream_verifier.hosting.listener import listen
from tests.support.calls import make_settings


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="not on this system")
def test_a_connection_whose_peer_reads_nothing_is_cut_by_the_system(tmp_path: Path) -> None:
    with (
        listen(make_settings(tmp_path)) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        accepted, _ = listener.accept()
        with accepted:
            option = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert 0 < option <= 30_000


async def test_what_is_small_is_sent_at_once(tmp_path: Path) -> None:
    at_once: asyncio.Queue[int] = asyncio.Queue()

    async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted = writer.get_extra_info("socket")
        at_once.put_nowait(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = listen(make_settings(tmp_path))
    async with await asyncio.start_server(note, sock=listener):
        _, client = await asyncio.open_connection(*listener.getsockname())
        assert await at_once.get()
        client.close()
