"""Database and ledger, kept in step: what one says, the other must confirm."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import column, delete, insert, select, table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from stream_verifier.audit import tables as audit_tables
from stream_verifier.errors import LedgerError, StoreError
from stream_verifier.identities import database, event_tables, last_used, tables
from stream_verifier.identities.changes import ChangeWatch
from stream_verifier.identities.keyring import KeyRing
from stream_verifier.identities.ledger import Ledger
from stream_verifier.identities.ledger_file import LedgerPlace
from stream_verifier.identities.migration import Standings, migrate
from stream_verifier.identities.record import Record
from stream_verifier.identities.shards import Entry
from stream_verifier.identities.tables import identities
from stream_verifier.identities.turns import Turns
from stream_verifier.identities.vault import Vault, new_key

T = TypeVar("T")

_logger = logging.getLogger(__name__)


class Books:
    """Reads records that the ledger confirms, and changes both so that neither lies.

    A change is written to the ledger as pending first, then made in the database in one
    transaction, then settled in the ledger by renaming a file that lies ready. Whoever finds a
    pending change, after a crash, asks the database whether it came about. So no order of crashes
    loses a record or brings one back, and what was settled stays so.

    Args:
        engine: of the database, which is opened at first use.
        vault: holds the keys, and learns the store's secret here.
        place: where the ledger lies.
        poll_s: seconds between two looks for what other processes changed.
    """

    def __init__(
        self, engine: AsyncEngine, vault: Vault, place: LedgerPlace, *, poll_s: float
    ) -> None:
        self.engine = engine
        self.place = place
        self.watch = ChangeWatch(self.ledger, poll_s=poll_s)
        self._vault = vault
        self._turns = Turns(place, engine.url)
        self._reading = asyncio.Lock()
        self._ready = False
        self._unfinished: set[asyncio.Task[Any]] = set()

    async def ledger(self) -> Ledger:
        """The newest ledger; a change that somebody left pending is settled.

        Raises:
            StoreError, LedgerError: it cannot be read, or is missing.
        """
        if self._ready:
            ledger = await self._read_ledger()
            if ledger is not None and ledger.pending is None:
                return ledger
        return await self.complete(self._settle())

    async def find(self, lookup: bytes | None = None) -> tuple[list[Record], Ledger]:
        """The records of one name, or all, and the ledger to hold them against.

        Raises:
            RefusedRecordError: a column holds what was never written there.
            StoreError: database or ledger cannot be read.
        """
        ledger = await self.ledger()
        with database.store_errors(self.engine.url):
            records = await self.fetch(lookup)
        if not _agree(ledger, records, lookup):
            # Somebody may have made a change between the two looks: look again while nobody can.
            return await self.complete(self._find_undisturbed(lookup))
        return records, ledger

    async def fetch(self, lookup: bytes | None = None) -> list[Record]:
        """The records of one name, or all, as they lie there."""
        query = select(identities)
        if lookup is not None:
            query = query.where(_is(lookup))
        async with self.engine.connect() as connection:
            return [Record.of(row) for row in (await connection.execute(query)).mappings()]

    async def change(
        self,
        ledger: Ledger,
        lookup: bytes,
        record: Record | None,
        also: Callable[[AsyncConnection], Awaitable[object]],
    ) -> None:
        """Put a record in the place of a name's present one, or delete that; under the lock.

        Args:
            ledger: as :meth:`undisturbed` gave it.
            lookup: of the name.
            record: the new one; None to delete.
            also: what else belongs into the database's transaction, such as the trail's entry.

        Raises:
            StoreError: it was not changed; or the server is gone, and who comes next settles it.
            LedgerError: nor then; unless the ledger's disk failed after the database had it, and
                whoever comes next settles it.
        """
        entry = None if record is None else record.entry
        begun = ledger.begun(lookup.hex(), entry)
        settled = begun.settled(entry)
        await asyncio.to_thread(self.place.begin, begun, settled)
        was_there = False
        try:
            async with self.writing() as connection:
                gone = await connection.execute(delete(identities).where(_is(lookup)))
                was_there = gone.rowcount == 1
                if record is not None:
                    await connection.execute(insert(identities).values(record.columns()))
                await also(connection)
        except BaseException:
            if not await self._came_about(begun, told_by_itself=was_there or record is not None):
                raise
            return  # and only the server's word of it was lost
        async with self._reading:
            await asyncio.to_thread(self.place.finish)
            self.watch.look(settled)

    async def replace_ledger(self, ledger: Ledger, *, aside: bool = False) -> None:
        """Put another ledger in place, and the one there aside if it is of no use; under the lock.

        Raises:
            LedgerError: it cannot be written.
        """
        async with self._reading:
            if aside:
                await asyncio.to_thread(self.place.set_aside)
            await asyncio.to_thread(self.place.write, ledger)
            self.watch.look(ledger)

    async def change_keys(self, ledger: Ledger, key_ids: tuple[str, ...]) -> None:
        """Put the store under other master keys, for every process that uses it; under the lock.

        Raises:
            LedgerError: it cannot be written, and nothing has changed.
        """
        async with self._reading:
            old, self._vault.key_ids = self._vault.key_ids, key_ids
            try:
                await asyncio.to_thread(self.place.write, ledger)
            except BaseException:
                self._vault.key_ids = old
                raise

    @asynccontextmanager
    async def undisturbed(self) -> AsyncIterator[Ledger]:
        """Hold the lock of store and ledger: no task and no process changes them meanwhile.

        Raises:
            StoreError, LedgerError: the ledger is missing or cannot be read, or the lock is held
                by another program for too long.
        """
        async with self.locked():
            yield await self.settled()

    async def settled(self) -> Ledger:
        """The ledger with no change pending; under the lock.

        Raises:
            LedgerError: it is missing or cannot be read.
        """
        ledger = await self._read_ledger()
        if ledger is None:
            raise self.place.missing()
        return await self._heal(ledger)

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Hold the lock, with the tables in shape, whatever the ledger is like."""
        with database.store_errors(self.engine.url):
            async with self._turns.take():
                if not self._ready:
                    await self._prepare()
                    self._ready = True
                yield

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Write whatever else is in the database, while no task and no process does."""
        async with self.locked(), self.writing() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction; under the lock.

        It holds a lock in the database, too. Of a process that died, a server may still have a
        transaction to end, and it may come about after all: until then nobody may go by what lies
        there.
        """
        async with self.engine.begin() as connection:
            await tables.hold(connection)
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Read whatever else is in the database."""
        if not self._ready:
            async with self.locked():
                pass
        with database.store_errors(self.engine.url):
            async with self.engine.connect() as connection:
                yield connection

    async def complete(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work to its end, even if whoever asked for it is cancelled."""
        task = asyncio.ensure_future(work)
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Give back connections and threads; harmless when called again."""
        await self.watch.close()
        await asyncio.gather(*self._unfinished, return_exceptions=True)
        try:
            async with asyncio.timeout(database.CLOSE_TIMEOUT_S):
                await self.engine.dispose()
        except TimeoutError:  # a server that says nothing any more hears no farewell either
            await self.engine.dispose(close=False)

    async def _read_ledger(self) -> Ledger | None:
        async with self._reading:
            ledger = await asyncio.to_thread(self.place.read)
            if ledger is not None:
                self.watch.look(ledger)
            return ledger

    async def _settle(self) -> Ledger:
        async with self.undisturbed() as ledger:
            return ledger

    async def _find_undisturbed(self, lookup: bytes | None) -> tuple[list[Record], Ledger]:
        async with self.undisturbed() as ledger:
            return await self.fetch(lookup), ledger

    async def _came_about(self, begun: Ledger, *, told_by_itself: bool) -> bool:
        """Settle a change that failed; whether the database has it all the same.

        Args:
            begun: with the change pending.
            told_by_itself: whether the database looks otherwise with the change than without.
        """
        assert begun.pending is not None
        # If this fails too, the next one to come settles it.
        with contextlib.suppress(StoreError), database.store_errors(self.engine.url):
            settled = await self._heal(begun)
            return told_by_itself and settled.live.get(begun.pending.lookup) == begun.pending.after
        return False

    async def _heal(self, ledger: Ledger) -> Ledger:
        """Settle a pending change: it came about if the database has it."""
        if ledger.pending is None:
            return ledger
        lookup = bytes.fromhex(ledger.pending.lookup)
        query = select(identities.c.version, identities.c.id).where(_is(lookup))
        async with self.writing() as connection:
            row = (await connection.execute(query)).first()
        settled = ledger.settled(None if row is None else Entry(*row))
        try:
            await self.replace_ledger(settled)
        except LedgerError as error:
            # What was found holds all the same; the next one to come will write it down.
            _logger.warning("a change of the identity store is still to be settled: %s", error)
        return settled

    async def _prepare(self) -> None:
        await asyncio.to_thread(database.claim_file, self.engine.url)
        async with self.engine.begin() as connection:
            version = await tables.prepare(connection)
            await audit_tables.prepare(connection)
            await last_used.prepare(connection)
            await event_tables.prepare(connection)
            if version != tables.SCHEMA_VERSION:
                await _refuse_other_keys(connection, self._vault.ring)
        standings = await asyncio.to_thread(self._standings)
        await asyncio.to_thread(self.place.sweep)
        if version != tables.SCHEMA_VERSION:
            async with self.engine.begin() as connection:
                keep = self.replace_ledger
                await migrate(connection, self._vault, version, standings, keep)
            return
        async with self.engine.begin() as connection:
            empty = await connection.scalar(select(identities.c.id).limit(1)) is None
            await self._know_secret(connection, new=empty)
        if empty and standings == Standings():
            await self.replace_ledger(Ledger())

    async def _know_secret(self, connection: AsyncConnection, *, new: bool) -> None:
        """Take the store's secret from the database if the ledger had none, or make it."""
        vault = self._vault
        found = await tables.read_secret(connection)
        if found is not None and not vault.knows_secret:
            vault.adopt(await asyncio.to_thread(vault.unwrap_secret, *found))
            vault.key_ids = (found[0],)
        elif found is None:
            if not vault.knows_secret:
                if not new:
                    raise StoreError(
                        "The identity store has lost its secret, and there is no ledger that has "
                        "it: put a backup of the ledger back."
                    )
                vault.adopt(new_key())
            wrapped = await asyncio.to_thread(vault.wrapped_secret, vault.key_id)
            await tables.write_secret(connection, vault.key_id, wrapped)

    def _standings(self) -> Standings:
        try:
            old = self.place.read_old()
            return Standings(self.place.read() if old is None else None, old)
        except LedgerError:
            # It exists, and says of no record that it is current: whoever reads will be told.
            return Standings(Ledger())


def _is(lookup: bytes) -> Any:
    return identities.c.name_lookup == lookup


def _agree(ledger: Ledger, records: list[Record], lookup: bytes | None) -> bool:
    if any(ledger.standing(one.name_lookup.hex(), one.entry) != "current" for one in records):
        return False
    return lookup is None or bool(records) or lookup.hex() not in ledger.live


async def _refuse_other_keys(connection: AsyncConnection, ring: KeyRing) -> None:
    """Leave a store of an older version as it is unless all of its keys are here."""
    key_id: Any = column("key_id")
    for found in await connection.scalars(
        select(key_id).select_from(table("identities")).distinct()
    ):
        ring.legacy(found)
