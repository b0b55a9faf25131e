"""One writer at a time: among the tasks of a process, and among processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import FileIO

from sqlalchemy.engine import URL

from stream_verifier.errors import StoreError
from stream_verifier.identities import database
from stream_verifier.identities.ledger_file import LedgerPlace

_RETRY_S = 0.02


class Turns:
    """Lets one task of one process change store and ledger.

    Args:
        place: has the lock that processes share.
        url: of the database, whose silence nobody is to wait long behind.
    """

    def __init__(self, place: LedgerPlace, url: URL) -> None:
        self._place = place
        self._url = url
        self._mine = asyncio.Lock()

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Hold the turn.

        Raises:
            StoreError: it did not come in time.
            LedgerError: the lock cannot be taken at all.
        """
        # Waiting here costs less than waiting for a file lock.
        try:
            async with asyncio.timeout(database.queue_timeout_s(self._url)):
                await self._mine.acquire()
        except TimeoutError as error:
            raise StoreError(
                "The identity store has too many changes waiting: see that its database answers, "
                "and try again."
            ) from error
        try:
            lock = await self._lock()
            try:
                yield
            finally:
                lock.close()
        finally:
            self._mine.release()

    async def _lock(self) -> FileIO:
        deadline = asyncio.get_running_loop().time() + database.BUSY_TIMEOUT_S
        while True:
            trying = asyncio.ensure_future(asyncio.to_thread(self._place.try_lock))
            try:
                lock = await asyncio.shield(trying)
            except asyncio.CancelledError:
                # The thread goes on, and nobody else would let go of what it takes.
                trying.add_done_callback(_let_go)
                raise
            if lock is not None:
                return lock
            if asyncio.get_running_loop().time() >= deadline:
                raise StoreError(
                    "The identity store is locked by another program: end it or try again."
                )
            await asyncio.sleep(_RETRY_S)


def _let_go(tried: asyncio.Future[FileIO | None]) -> None:
    if not tried.cancelled() and tried.exception() is None and (lock := tried.result()):
        lock.close()
