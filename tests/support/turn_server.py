"""A real coturn on loopback, for tests of relayed calls."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.ports import free_port

SECRET = "a-secret-of-tests"

needs_turnserver = pytest.mark.skipif(
    shutil.which("turnserver") is None,
    reason="needs coturn: apt-get install coturn",
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
{tls}
no-dtls
no-multicast-peers
allow-loopback-peers
pidfile={folder}/turnserver.pid
userdb={folder}/turndb
log-file=/dev/null
simple-log
"""


@dataclass(frozen=True)
class TurnServer:
    """Where it listens: for UDP and TCP, and for TLS if it has a certificate."""

    url: str
    tls_url: str


@contextlib.contextmanager
def turn_server(folder: Path, certificate: Path | None = None) -> Iterator[TurnServer]:
    """Run coturn with time-limited credentials until the block ends.

    Args:
        folder: for its files.
        certificate: with its key, in one file, for 127.0.0.1; no TLS without.
    """
    port = min(free_port(), 65_000)
    tls_port = port + 61
    tls = f"tls-listening-port={tls_port}\ncert={certificate}\npkey={certificate}"
    config = _CONFIG.format(
        port=port,
        first=port + 1,
        last=port + 60,
        secret=SECRET,
        folder=folder,
        tls="no-tls" if certificate is None else tls,
    )
    (folder / "turnserver.conf").write_text(config)
    command = ["turnserver", "-c", str(folder / "turnserver.conf")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until_listening(process, port)
            yield TurnServer(f"turn:127.0.0.1:{port}", f"turns:127.0.0.1:{tls_port}")
        finally:
            process.terminate()


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline_s = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline_s:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise RuntimeError(f"turnserver does not listen; it ended with {process.returncode}")
