"""Runs the application on uvicorn, with limits that fit a call's WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import uvicorn

from stream_verifier.app import create_app
from stream_verifier.errors import SettingsError
from stream_verifier.events.messages import MAX_MESSAGE_BYTES
from stream_verifier.settings import Settings

_PING_S = 5.0
_SHUTDOWN_S = 3
_BACKLOG = 128


def listen(settings: Settings) -> socket.socket:
    """Take the port before anything slow is loaded.

    Raises:
        SettingsError: it cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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


def make_server(settings: Settings) -> uvicorn.Server:
    """Make a server that is not running yet.

    A dead peer shows on the WebSocket's ping within twice 5 s, long before the peer connection
    would notice.
    """
    config = uvicorn.Config(
        create_app(settings),
        ws="websockets-sansio",
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_ping_interval=_PING_S,
        ws_ping_timeout=_PING_S,
        timeout_graceful_shutdown=_SHUTDOWN_S,
        log_config=None,
        access_log=False,
        server_header=False,
    )
    return uvicorn.Server(config)


def run_server(settings: Settings) -> None:
    """Serve until interrupted.

    Raises:
        SettingsError: the port cannot be listened on.
    """
    listener = listen(settings)
    server = make_server(settings)
    asyncio.run(server.serve(sockets=[listener]))


@contextlib.asynccontextmanager
async def running_server(settings: Settings) -> AsyncIterator[str]:
    """Serve in the background of this event loop; yields the http address.

    Raises:
        SettingsError: the port cannot be listened on.
        StreamVerifierError, ModelError: the application could not start.
    """
    listener = listen(settings)
    server = make_server(settings)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.05)
        if not server.started:
            await serving
            raise SettingsError("The server did not start; the lines above say why.")
        yield address_of(listener)
    finally:
        server.should_exit = True
        await serving
        listener.close()
