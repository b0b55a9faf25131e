"""Runs the application on uvicorn, with limits that fit a call's WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.lifespan.on import LifespanOn

from stream_verifier.app import create_app
from stream_verifier.errors import SettingsError
from stream_verifier.events.call_messages import MAX_MESSAGE_BYTES
from stream_verifier.hosting.allocator import return_large_buffers
from stream_verifier.hosting.doorkeeper import watched_http
from stream_verifier.hosting.listener import address_of, listen
from stream_verifier.hosting.rationed_log import ration
from stream_verifier.hosting.sized_socket import sized_socket
from stream_verifier.media.source import SourceFactory
from stream_verifier.secrecy import leave_no_core_dump
from stream_verifier.settings import Settings
from stream_verifier.web.logs import keep_secrets_out
from stream_verifier.web.state import state_of_app

_PING_S = 5.0
_SHUTDOWN_S = 2
_LAST_WORDS_S = 1.0
_CLOSING_S = 3.0


class _Lifespan(LifespanOn):
    """Keeps what an application failed to start for, and logs its words alone.

    Whoever runs the server knows which errors are for people, and shows the trace of others.
    """

    failure: BaseException | None = None

    async def send(self, message: Any) -> None:
        """Take what the application says of its start and its end."""
        if message["type"] == "lifespan.startup.failed":
            self.failure = sys.exc_info()[1]  # Starlette says so from where it caught it.
            message["message"] = str(self.failure)
        elif isinstance(sys.exc_info()[1], asyncio.CancelledError):  # the loop ends before it
            message["message"] = "The server was stopped before all was closed."
        await super().send(message)


class Server(uvicorn.Server):
    """A uvicorn server that says when it is up and ends calls politely; made by `make_server`."""

    def __init__(self, config: uvicorn.Config, *, drain_s: float = 0.0) -> None:
        super().__init__(config)
        self.startup_over = asyncio.Event()
        self._drain_s = drain_s
        self._draining: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so, whether or not it worked.

        Raises:
            Exception: why the application did not start.
        """
        self._loop = asyncio.get_running_loop()
        try:
            await super().startup(sockets)
        except SystemExit:
            failure = getattr(self.lifespan, "failure", None)
            if failure is None:
                raise
            raise failure from None
        finally:
            self.startup_over.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Have the log written before uvicorn lets the signal that stopped it end the process.

        A terminal that is closed (SIGHUP) stops it as SIGTERM does, unless that is ignored (nohup).
        """
        with super().capture_signals():
            hangs_up = signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
            hangs_up &= threading.current_thread() is threading.main_thread()
            if hangs_up:
                signal.signal(signal.SIGHUP, self.handle_exit)
            try:
                yield
            finally:
                if hangs_up:
                    signal.signal(signal.SIGHUP, signal.SIG_DFL)
                for handler in logging.getLogger().handlers:
                    handler.flush()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Let calls finish on the first SIGTERM; stop on all other signals, and on the next one."""
        patient = sig == signal.SIGTERM and self._drain_s > 0 and self.started
        if patient and self._loop is not None and self._draining is None:
            self._loop.call_soon_threadsafe(self.drain, sig)
        else:
            super().handle_exit(sig, frame)

    def drain(self, sig: int | None = None) -> None:
        """Let calls finish, then exit as this signal asks for."""
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain_then_exit(sig))

    async def _drain_then_exit(self, sig: int | None) -> None:
        app = self.config.app
        try:
            if isinstance(app, Starlette):
                await state_of_app(app).sessions.draining.run(self._drain_s)
        finally:
            if sig is None:
                self.should_exit = True
            else:
                super().handle_exit(sig, None)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the calls and let their last events out before uvicorn cuts the connections."""
        if self._draining is not None:
            self._draining.cancel()
        app = self.config.app
        if isinstance(app, Starlette) and self.started:
            # Before their calls end: another server may go on with them.
            state_of_app(app).uploads.stop()
            await state_of_app(app).rooms.close()
            await state_of_app(app).sessions.close()
            if self.server_state.tasks:
                await asyncio.wait(self.server_state.tasks, timeout=_LAST_WORDS_S)
        await super().shutdown(sockets)
        if self.force_exit and not self.lifespan.shutdown_event.is_set():
            # By a second signal: uvicorn closes nothing then, and what is owed was lost unsaid.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSING_S):
                    await self.lifespan.shutdown()


def make_server(settings: Settings, make_source: SourceFactory | None = None) -> Server:
    """Make a server that is not running yet.

    A dead peer shows on the WebSocket's ping within twice 5 s, long before the peer connection
    would notice.

    Args:
        settings: of the application and of where it is served.
        make_source: makes what a call's media comes from; WebRTC by default.
    """
    keep_secrets_out(logging.getLogger("uvicorn.error"))
    for name in ("asyncio", "uvicorn.error"):
        ration(logging.getLogger(name))
    http = watched_http()
    config = uvicorn.Config(
        create_app(settings, make_source),
        http=http,
        ws=sized_socket(http.doorkeeper),
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
    config.load()
    config.lifespan_class = _Lifespan
    return Server(config, drain_s=settings.drain_s)


def run_server(settings: Settings) -> None:
    """Serve until interrupted, in a process that leaves no core dump.

    Raises:
        SettingsError: the port cannot be listened on.
        Exception: why the application did not start.
    """
    leave_no_core_dump()
    return_large_buffers()
    listener = listen(settings)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(make_server(settings).serve(sockets=[listener]))


class RunningServer:
    """A server in the background of this event loop.

    Attributes:
        address: its http address.
    """

    def __init__(self, address: str, server: Server, serving: asyncio.Task[None]) -> None:
        self.address = address
        self._server = server
        self._serving = serving

    def drain(self) -> None:
        """Tell it to stop as SIGTERM does: calls may finish first, as long as the settings say."""
        self._server.drain()

    async def wait(self) -> None:
        """Wait until it is interrupted."""
        await asyncio.shield(self._serving)


@contextlib.asynccontextmanager
async def running_server(
    settings: Settings, make_source: SourceFactory | None = None
) -> AsyncIterator[RunningServer]:
    """Serve in the background of this event loop.

    Args:
        settings: of the application and of where it is served.
        make_source: makes what a call's media comes from; WebRTC by default.

    Raises:
        SettingsError: the port cannot be listened on.
        Exception: why the application did not start.
    """
    listener = listen(settings)
    server = make_server(settings, make_source)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.startup_over.wait()
        if not server.started:
            raise SettingsError("The server did not start; its log says why.")
        yield RunningServer(address_of(listener), server, serving)
    finally:
        server.should_exit = True
        with contextlib.closing(listener):
            await serving
