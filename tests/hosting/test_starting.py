"""A server that does not come up says why to whoever started it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from stream_verifier.errors import SettingsError
from stream_verifier.hosting.server import running_server
from stream_verifier.settings import Settings


async def test_why_it_did_not_start_is_raised_and_the_port_is_free_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    settings = Settings(port=port, data_dir=tmp_path, operating_point="best")
    with pytest.raises(SettingsError, match="no operating point 'best'"):
        async with running_server(settings):
            pass
    socket.create_server(("127.0.0.1", port)).close()
