"""A server that is told to stop again while it stops."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from stream_verifier.hosting import server as hosting
from stream_verifier.hosting.server import Server

Send = Callable[[Any], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]


class _App:
    """Has something to close at its end."""

    def __init__(self, *, stuck: bool = False) -> None:
        self.closed = False
        self._stuck = stuck

    async def __call__(self, _: Any, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        try:
            await receive()
            if self._stuck:
                await asyncio.Event().wait()
            self.closed = True
            await send({"type": "lifespan.shutdown.complete"})
        except asyncio.CancelledError:
            await send({"type": "lifespan.shutdown.failed", "message": "Traceback"})
            raise


def _stopped_twice(app: _App) -> None:
    async def serve() -> None:
        config = uvicorn.Config(app, log_config=None)
        config.load()
        config.lifespan_class = hosting._Lifespan
        server = Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[])
        server.handle_exit(signal.SIGTERM, None)
        server.handle_exit(signal.SIGINT, None)
        await server.shutdown()

    asyncio.run(serve())


def test_what_is_owed_is_written_also_when_a_second_signal_comes() -> None:
    app = _App()
    _stopped_twice(app)
    assert app.closed


def test_what_cannot_be_closed_in_time_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hosting, "_CLOSING_S", 0.01)
    with caplog.at_level(logging.ERROR):
        _stopped_twice(_App(stuck=True))
    assert [record.message for record in caplog.records] == [
        "The server was stopped before all was closed."
    ]
