"""An ASGI application served from a thread of its own, under a strict content security policy."""

from __future__ import annotations

import threading
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX = "/verifier"
WAIT_S = 20.0


class StrictPolicy:
    """Adds the header under which no inline script, inline style or foreign host works."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its response with the header."""

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"content-security-policy", b"default-src 'self'"))
            await send(message)

        await self.app(scope, receive, send_with_policy)


class Served:
    """Serves routes under a prefix, as a host that mounts them does.

    Args:
        routes: what is served below the prefix.
    """

    def __init__(self, routes: list[BaseRoute]) -> None:
        """Make it ready; `open` serves."""
        app = Starlette(
            routes=[Mount(PREFIX, routes=routes)], middleware=[Middleware(StrictPolicy)]
        )
        self._config = uvicorn.Config(
            app, port=0, log_level="error", ws="websockets-sansio", lifespan="off"
        )
        self.address = ""
        self._server = uvicorn.Server(self._config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def open(self, port: int = 0) -> None:
        """Start serving at `address`.

        Args:
            port: where to listen; 0 for any that is free.

        Raises:
            RuntimeError: it did not start in time.
        """
        self._config.port = port
        ready = threading.Event()
        startup = self._server.startup

        async def tell_when_ready(*args: Any, **kwargs: Any) -> None:
            await startup(*args, **kwargs)
            ready.set()

        self._server.startup = tell_when_ready  # type: ignore[method-assign]
        self._thread.start()
        if not ready.wait(WAIT_S):
            raise RuntimeError("the server did not start")
        bound = self._server.servers[0].sockets[0].getsockname()[1]
        self.address = f"http://127.0.0.1:{bound}{PREFIX}/"

    def close(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join(WAIT_S)
