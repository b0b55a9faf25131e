"""A Redis on loopback, private to who starts it, who may kill it and bring it back."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ports import free_port

_START_S = 20.0


class RedisServer:
    """One server at a port of its own.

    Args:
        folder: where its files lie.

    Attributes:
        url: where it listens.
        folder: where its files lie.
    """

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin with what lies in its folder."""
        self._process = subprocess.Popen(
            [
                *("redis-server", "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--dir", str(self.folder), "--appendonly", "yes", "--save", ""),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until_s = time.monotonic() + _START_S
        while time.monotonic() < until_s:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)
        raise RuntimeError("redis-server does not listen")

    def kill(self) -> None:
        """Let it die without a word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def forget(self) -> None:
        """Lose all that it kept; it must not run."""
        shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)

    def keep_as(self, name: str) -> None:
        """Copy what it kept so far; it must not run."""
        shutil.copytree(self.folder / "appendonlydir", self.folder / name)

    def put_back(self, name: str) -> None:
        """Put such a copy back, as if a replica took over that was behind; it must not run."""
        self.forget()
        shutil.copytree(self.folder / name, self.folder / "appendonlydir")


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """Run Redis until the block ends."""
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
