"""An application on the server software of the product, in the background of a test's loop."""

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

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "mount_fastapi.py"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.startup_over = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.startup_over.set()


@contextlib.asynccontextmanager
async def hosted(app: Starlette, *, port: int = 0) -> AsyncIterator[str]:
    """Serve it on loopback, on a free port unless one is named; gives its address."""
    listener = socket.create_server(("127.0.0.1", port))
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
        listener.close()


def load_example() -> ModuleType:
    """The example of a host, run anew."""
    spec = importlib.util.spec_from_file_location("mount_fastapi", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
