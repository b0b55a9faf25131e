"""Brings a store under another master key while servers go on using it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select

from stream_verifier.audit.deed import UNKNOWN, Actor, Deed, Detail, Kind
from stream_verifier.audit.sql_trail import SqlAuditTrail
from stream_verifier.errors import KeyMismatchError, RefusedRecordError
from stream_verifier.identities import database, event_tables, tables
from stream_verifier.identities.batches import Row, batches
from stream_verifier.identities.books import Books
from stream_verifier.identities.record import Record, rewrap, write_key
from stream_verifier.identities.tables import identities
from stream_verifier.identities.vault import Vault


@dataclass(frozen=True, slots=True)
class Keys:
    """Which master keys a store is under.

    Attributes:
        current: the key that its ledger names, and new rows are under.
        rows: how many rows are under each.
    """

    current: str
    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did.

    Attributes:
        rewrapped: rows that it brought under the new key.
        damaged: ids of rows that do not open, and are as they were.
        key_lost: ids of rows under a key that is not here, or none of the store's, as they were.
    """

    rewrapped: int
    damaged: tuple[object, ...] = ()
    key_lost: tuple[object, ...] = ()


class Rotation:
    """Wraps the data keys of a store under the first of its master keys.

    First the ledger changes over, and with it every process that uses the store: from then on
    nothing is written under the old key. Then rows are wrapped anew, some in each transaction; what
    is sealed under their data keys is not touched. At the end the ledger gives the old key up.
    Killed anywhere, it goes on when called again.

    Args:
        books: database and ledger.
        vault: holds the keys.
        trail: is told.
    """

    def __init__(self, books: Books, vault: Vault, trail: SqlAuditTrail) -> None:
        self._books = books
        self._vault = vault
        self._trail = trail

    async def keys(self) -> Keys:
        """Which keys the store is under.

        Raises:
            StoreError: it cannot be read.
        """
        await self._books.ledger()
        query = select(identities.c.key_id, func.count()).group_by(identities.c.key_id)
        with database.store_errors(self._books.engine.url):
            async with self._books.engine.connect() as connection:
                rows = (await connection.execute(query)).all()
        return Keys(self._vault.key_id, {str(key_id): count for key_id, count in rows})

    async def run(
        self,
        on_progress: Callable[[int, int], None] | None = None,
        *,
        actor: Actor = UNKNOWN,
    ) -> Rotated:
        """Bring everything under the first key; harmless when there is nothing to do.

        Args:
            on_progress: called with rows done and rows in all, after each transaction.
            actor: by whom, as the audit trail tells it.

        Raises:
            KeyMismatchError: the key that the store is under is not here.
            StoreError: it stopped; all that was done holds.
        """
        return await self._books.complete(self._run(on_progress or (lambda *_: None), actor))

    async def _run(self, on_progress: Callable[[int, int], None], actor: Actor) -> Rotated:
        new = self._vault.ring.first.key_id
        await self._change_over(new, actor)
        async with self._books.undisturbed(), self._books.writing() as connection:
            await event_tables.rewrap_keys(connection, self._vault)
        left: dict[type, list[object]] = {RefusedRecordError: [], KeyMismatchError: []}
        done = 0
        keys = await self.keys()
        total = sum(count for key_id, count in keys.rows.items() if key_id != new)
        on_progress(0, total)
        async for rows in batches(self._books.engine, identities.c.key_id != new):
            changed = await asyncio.to_thread(self._rewrapped, rows, new, left)
            await self._write(changed)
            done += len(rows)
            on_progress(done, max(done, total))
        async with self._books.undisturbed() as ledger:
            if not left[KeyMismatchError]:
                await self._books.change_keys(ledger, (new,))
            await asyncio.to_thread(self._books.place.tidy)
        damaged, key_lost = left[RefusedRecordError], left[KeyMismatchError]
        rewrapped = done - len(damaged) - len(key_lost)
        details: dict[str, Detail] = {"to": new, "done": not key_lost, "records": rewrapped}
        await self._trail.append(Deed(Kind.KEY_ROTATED, actor, details=details))
        return Rotated(rewrapped, tuple(damaged), tuple(key_lost))

    async def _change_over(self, new: str, actor: Actor) -> None:
        async with self._books.undisturbed() as ledger:
            wrapped = await asyncio.to_thread(self._vault.wrapped_secret, new)
            async with self._books.writing() as connection:
                found = await tables.read_secret(connection)
                if found is None or found[0] != new:
                    await tables.write_secret(connection, new, wrapped)
                if self._vault.key_id != new:
                    details: dict[str, Detail] = {
                        "from": self._vault.key_id,
                        "to": new,
                        "done": False,
                    }
                    deed = Deed(Kind.KEY_ROTATED, actor, details=details)
                    await self._trail.write(connection, deed)
            if self._vault.key_id != new:
                others = (one for one in self._vault.key_ids if one != new)
                await self._books.change_keys(ledger, (new, *others))

    def _rewrapped(
        self, rows: Sequence[Row], new: str, left: dict[type, list[object]]
    ) -> list[tuple[Record, Record]]:
        changed = []
        for row in rows:
            try:
                old = Record.of(row)
                if old.key_id not in self._vault.key_ids:
                    # Nobody with a key that was given up may have a record taken in by it.
                    raise self._vault.ring.other_key(old.key_id)
                changed.append((old, rewrap(self._vault, old, new)))
            except (RefusedRecordError, KeyMismatchError) as error:
                left[type(error)].append(row["id"])
        return changed

    async def _write(self, changed: list[tuple[Record, Record]]) -> None:
        with database.store_errors(self._books.engine.url):
            async with self._books.writing() as connection:
                for old, new in changed:
                    await write_key(connection, new, old)
