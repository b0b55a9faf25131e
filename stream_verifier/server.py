"""Runs the application on uvicorn, with limits that fit a call's WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette

from stream_verifier.app import create_app
from stream_verifier.errors import SettingsError
from stream_verifier.events.messages import MAX_MESSAGE_BYTES
from stream_verifier.settings import Settings
from stream_verifier.web.logs import keep_secrets_out

_PING_S = 5.0
_SHUTDOWN_S = 2
_LAST_WORDS_S = 1.0
_BACKLOG = 128
_UNREAD_MS = 20_000


def listen(settings: Settings) -> socket.socket:
    """Take the port before anything slow is loaded.

    Raises:
        SettingsError: it cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Inherited by every connection. Without it one whose peer reads nothing stays for ever,
            # with all that is buffered for it, even after the server has closed it.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MS)
        listener.bind((settings.host, settings.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}): stop what "
            "uses it, or choose another with --port or STREAM_VERIFIER_PORT."
        ) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """The http address of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class Server(uvicorn.Server):
    """A uvicorn server that says when it is up and ends calls politely; made by `make_server`."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.startup_over = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so, whether or not it worked."""
        try:
            await super().startup(sockets)
        finally:
            self.startup_over.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the calls and let their last events out before uvicorn cuts the connections."""
        app = self.config.app
        if isinstance(app, Starlette) and self.started:
            await app.state.sessions.close()
            if self.server_state.tasks:
                await asyncio.wait(self.server_state.tasks, timeout=_LAST_WORDS_S)
        await super().shutdown(sockets)


def make_server(settings: Settings) -> Server:
    """Make a server that is not running yet.

    A dead peer shows on the WebSocket's ping within twice 5 s, long before the peer connection
    would notice.
    """
    keep_secrets_out(logging.getLogger("uvicorn.error"))
    config = uvicorn.Config(
        create_app(settings),
        ws="websockets-sansio",
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_ping_interval=_PING_S,
        ws_ping_timeout=_PING_S,
        # Messages are small; compressing each for each subscriber would double the price of one.
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=_SHUTDOWN_S,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
    )
    return Server(config)


def run_server(settings: Settings) -> None:
    """Serve until interrupted.

    Raises:
        SettingsError: the port cannot be listened on.
    """
    listener = listen(settings)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(make_server(settings).serve(sockets=[listener]))


class RunningServer:
    """A server in the background of this event loop.

    Attributes:
        address: its http address.
    """

    def __init__(self, address: str, serving: asyncio.Task[None]) -> None:
        self.address = address
        self._serving = serving

    async def wait(self) -> None:
        """Wait until it is interrupted."""
        await asyncio.shield(self._serving)


@contextlib.asynccontextmanager
async def running_server(settings: Settings) -> AsyncIterator[RunningServer]:
    """Serve in the background of this event loop.

    Raises:
        SettingsError: the port cannot be listened on, or the application did not start.
    """
    listener = listen(settings)
    server = make_server(settings)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.startup_over.wait()
        if not server.started:
            raise SettingsError("The server did not start; its log says why.")
        yield RunningServer(address_of(listener), serving)
    finally:
        server.should_exit = True
        await serving
        listener.close()
