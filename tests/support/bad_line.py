"""A line to a PostgreSQL that breaks just when a change is to be made for good."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from sqlalchemy.engine import make_url

from tests.support.streams import serving

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

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a client."""
        answers, asks = await asyncio.open_connection(*self._server_at)
        back = asyncio.create_task(_pass(answers, writer))
        try:
            with contextlib.suppress(OSError):
                while said := await reader.read(65536):
                    if self.armed is not None and b"COMMIT;" in said:
                        how, self.armed = self.armed, None
                        await _ended(back)
                        await self._break(how, said, answers, asks, writer)
                        break
                    asks.write(said)
        finally:
            await _ended(back)
            asks.close()
            with contextlib.suppress(OSError):
                await asks.wait_closed()

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


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def bad_line(url: str) -> AsyncIterator[tuple[BadLine, str]]:
    """Run one to the server of a URL; gives it, and the URL by which one comes through it."""
    parsed = make_url(url)
    line = BadLine(str(parsed.host), int(parsed.port or 0))
    async with serving(line.serve) as port:
        yield line, parsed.set(port=port).render_as_string()
