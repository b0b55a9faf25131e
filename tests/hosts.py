"""A host's own application on a real uvicorn, in the background of a test's loop."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import uvicorn
from starlette.applications import Starlette

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "mount_fastapi.py"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.startup_over = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.startup_over.set()


@contextlib.asynccontextmanager
async def hosted(app: Starlette) -> AsyncIterator[str]:
    """Serve it on a free port of loopback; gives its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        config = uvicorn.Config(
            app, ws="websockets-sansio", log_config=None, timeout_graceful_shutdown=2
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await server.startup_over.wait()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


def load_example() -> ModuleType:
    """The example of a host, run anew."""
    spec = importlib.util.spec_from_file_location("mount_fastapi", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
