"""A real coturn on loopback, for tests of relayed calls."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

SECRET = "a-secret-of-tests"  # noqa: S105

needs_turnserver = pytest.mark.skipif(
    shutil.which("turnserver") is None,
    reason="needs coturn: run scripts/install_coturn.sh, or apt-get install coturn",
)

_CONFIG = """\
listening-ip=127.0.0.1
relay-ip=127.0.0.1
listening-port={port}
min-port={first}
max-port={last}
use-auth-secret
static-auth-secret={secret}
realm=tests
fingerprint
no-cli
no-tls
no-dtls
no-multicast-peers
allow-loopback-peers
pidfile={folder}/turnserver.pid
userdb={folder}/turndb
log-file={folder}/turnserver.log
simple-log
verbose
"""


class TurnServer:
    """Where it listens and what it wrote."""

    def __init__(self, port: int, log: Path) -> None:
        self.url = f"turn:127.0.0.1:{port}"
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")


@contextlib.asynccontextmanager
async def turn_server(folder: Path) -> AsyncIterator[TurnServer]:
    """Run coturn with time-limited credentials until the block ends."""
    port = _free_port()
    config = _CONFIG.format(port=port, first=port + 1, last=port + 60, secret=SECRET, folder=folder)
    (folder / "turnserver.conf").write_text(config)
    process = await asyncio.create_subprocess_exec(
        "turnserver", "-c", str(folder / "turnserver.conf"),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await _until_listening(process, port)
        yield TurnServer(port, folder / "turnserver.log")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return min(port, 65_000)


async def _until_listening(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(20):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
    raise RuntimeError(f"turnserver ended with {process.returncode}")
