"""TCP servers of a few lines, of which no connection is left open and no error unheard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[int]:
    """Answer each connection to a free port of the loopback; yields the port.

    A connection is closed when its answer ends. At the end the rest are cut, and answers cancelled.

    Raises:
        ExceptionGroup: answers failed, by more than a client that went away.
    """
    answers: set[asyncio.Task[None]] = set()
    ends: set[asyncio.StreamWriter] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends.add(writer)
        answers.add(asyncio.create_task(one(reader, writer)))

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for running in answers:
            running.cancel()
        told = await asyncio.gather(*answers, return_exceptions=True)
        for writer in ends:
            writer.transport.abort()
        await asyncio.sleep(0)
        failed = [one for one in told if isinstance(one, Exception) and not _went_away(one)]
        if failed:
            raise ExceptionGroup("answers of a server failed", failed)


def _went_away(error: Exception) -> bool:
    return isinstance(error, OSError | EOFError)
