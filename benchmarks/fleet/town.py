"""The processes of a small fleet on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx

from benchmarks.ports import free_port

CONFIG = Path(__file__).parents[2] / "deploy" / "proxy" / "haproxy.cfg"
_START_S = 120.0


class WorkerProcess:
    """One server in a process of its own, which can be killed and started again.

    Args:
        settings: beside its port.
        log: file that its log is added to.
    """

    def __init__(self, settings: Mapping[str, str], log: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._settings = {**settings, "PORT": str(self.port)}
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "stream_verifier", "serve"),
                env=os.environ | {f"STREAM_VERIFIER_{k}": v for k, v in self._settings.items()},
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(_START_S), httpx.AsyncClient() as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(f"{self.address}/api/v1/ready")).status_code == 200:
                        return
                await asyncio.sleep(0.1)

    @property
    def call_url(self) -> str:
        """Where calls are opened."""
        return f"ws://127.0.0.1:{self.port}/api/v1/call"

    @property
    def pid(self) -> int:
        """Of its process, which runs."""
        assert self._process is not None
        return self._process.pid

    async def calls(self) -> int:
        """How many run there."""
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{self.address}/api/v1/health")
        count: int = answer.json()["calls"]
        return count

    async def stop(self, sig: int = signal.SIGTERM) -> float:
        """Send a signal; return after how many seconds it was gone."""
        began_s = time.monotonic()
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(sig)
            await self._process.wait()
        return time.monotonic() - began_s


def proxy_config(port: int, workers: list[WorkerProcess]) -> str:
    """The shipped configuration, with these workers in place of its own."""
    text = CONFIG.read_text(encoding="utf-8")
    text = text.replace("bind :8443", f"bind 127.0.0.1:{port}").replace(
        "verify.example", "localhost"
    )
    servers = "".join(
        f"    server worker{number} 127.0.0.1:{worker.port}\n"
        for number, worker in enumerate(workers, 1)
    )
    return re.sub(r"(?:^ +server worker\d+ .*\n)+", servers, text, flags=re.MULTILINE)


@contextlib.asynccontextmanager
async def proxy(folder: Path, workers: list[WorkerProcess]) -> AsyncIterator[str]:
    """HAProxy in front of them; gives its address."""
    port = free_port()
    config = folder / "haproxy.cfg"
    config.write_text(proxy_config(port, workers), encoding="utf-8")
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    process = await asyncio.create_subprocess_exec(
        *("haproxy", "-db", "-f", str(config)),
        env=os.environ | {"PATH": path},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_START_S), httpx.AsyncClient() as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    address = f"http://127.0.0.1:{port}"
                    if (await client.get(f"{address}/api/v1/health")).status_code == 200:
                        break
                await asyncio.sleep(0.2)
        yield address
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
