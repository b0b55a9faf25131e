from __future__ import annotations

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
