"""A line to a PostgreSQL that breaks just when a change is to be made for good."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from sqlalchemy.engine import make_url

Break = Literal["unheard", "unanswered", "heard late"]
"""The server never gets the word; does it, and is not heard; or gets it when the client is gone."""

_LATE_S = 0.7


class BadLine:
    """Passes bytes on, and breaks each connection on which a change is to be made while armed.

    Attributes:
        armed: how the next change's connection breaks; None: it holds.
        broken: how many connections broke.
    """

    def __init__(self, host: str, port: int) -> None:
        self.armed: Break | None = None
        self.broken = 0
        self._server_at = host, port
        self._clients: set[asyncio.Task[None]] = set()

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a client."""
        client = asyncio.create_task(self._serve(reader, writer))
        self._clients.add(client)
        client.add_done_callback(self._clients.discard)

    async def close(self) -> None:
        """Serve nobody any more."""
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, asks = await asyncio.open_connection(*self._server_at)
        back = asyncio.create_task(_pass(answers, writer))
        try:
            with contextlib.suppress(OSError):
                while said := await reader.read(65536):
                    if self.armed is not None and b"COMMIT;" in said:
                        how, self.armed = self.armed, None
                        back.cancel()
                        await self._break(how, said, answers, asks, writer)
                        break
                    asks.write(said)
        finally:
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)
            for end in (asks, writer):
                end.close()
                with contextlib.suppress(OSError):
                    await end.wait_closed()

    async def _break(
        self,
        how: Break,
        said: bytes,
        answers: asyncio.StreamReader,
        asks: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.broken += 1
        if how == "unanswered":
            asks.write(said)
            await answers.read(65536)
        writer.transport.abort()
        if how == "heard late":
            await asyncio.sleep(_LATE_S)
            asks.write(said)
            await answers.read(65536)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while said := await reader.read(65536):
            writer.write(said)
    writer.close()


@asynccontextmanager
async def bad_line(url: str) -> AsyncIterator[tuple[BadLine, str]]:
    """Run one to the server of a URL; gives it, and the URL by which one comes through it."""
    parsed = make_url(url)
    line = BadLine(str(parsed.host), int(parsed.port or 0))
    listener = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        yield line, parsed.set(port=port).render_as_string()
    finally:
        listener.close()
        await line.close()
