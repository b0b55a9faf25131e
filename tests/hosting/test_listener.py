from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path

import pytest

from stream_verifier.errors import SettingsError
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


def test_why_nothing_can_be_listened_on_is_said_with_what_to_do_about_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(tmp_path)
    with listen(settings) as listener:
        taken = settings.model_copy(update={"port": listener.getsockname()[1]})
        with pytest.raises(SettingsError, match="stop what uses it"):
            listen(taken)
    for host in ("192.0.2.1", "nowhere.invalid"):
        with pytest.raises(SettingsError, match="an address that this machine has"):
            listen(settings.model_copy(update={"host": host}))

    def no_such_family(*_: object) -> None:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", no_such_family)
    with pytest.raises(SettingsError, match=r"not supported.*an address that this machine has"):
        listen(settings.model_copy(update={"host": "::1"}))
