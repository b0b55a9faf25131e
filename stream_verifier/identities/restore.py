"""What whoever runs the server may do about records that the store refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import delete, select

from stream_verifier.audit.deed import UNKNOWN, Actor, Deed, Kind
from stream_verifier.audit.sql_trail import SqlAuditTrail
from stream_verifier.errors import KeyMismatchError, LedgerError, StoreError
from stream_verifier.identities.books import Books
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.ledger import Ledger, Standing
from stream_verifier.identities.record import (
    Record,
    open_identity,
    open_reference,
    rewrap,
    write_key,
)
from stream_verifier.identities.shards import Shards
from stream_verifier.identities.tables import identities
from stream_verifier.identities.vault import Vault

Why: TypeAlias = "Standing | Literal['changed', 'missing', 'no_ledger', 'other_key', 'old_key']"


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that the store refuses.

    Attributes:
        id: of the record, as it lies there; somebody may have written anything.
        why: "changed": damaged, changed or mixed with another; "deleted", "replaced": an older
            copy that was put back; "ahead": newer than the ledger; "no_ledger": the ledger is
            missing or cannot be read; "missing": the ledger has it, the database has not;
            "other_key": under a key that was not given; "old_key": under one that the store was
            taken off.
        identity: whom it is of; None where it does not open.
        record: the record, under the present key; None where it cannot be read or is missing.
    """

    id: object
    why: Why
    identity: Identity | None = None
    record: Record | None = None


class Restore:
    """Looks through store and ledger together, after a backup was put back or one was lost.

    Every method may raise ``StoreError`` and, as the store's, is safe beside other processes.

    Args:
        books: database and ledger.
        vault: opens records.
        trail: is told what was done.
    """

    def __init__(self, books: Books, vault: Vault, trail: SqlAuditTrail) -> None:
        self._books = books
        self._vault = vault
        self._trail = trail

    async def refused(self) -> list[Refused]:
        """All records that the store refuses."""
        return await self._books.complete(self._refused())

    async def erase(self, ids: Collection[object], *, actor: Actor = UNKNOWN) -> int:
        """Delete refused records beyond recovery, whoever they are of; returns how many.

        Args:
            ids: of which; others than refused ones are left alone.
            actor: by whose word.
        """
        return await self._books.complete(self._erase(ids, actor))

    async def accept(self, ids: Collection[object], *, actor: Actor = UNKNOWN) -> int:
        """Make refused records the current ones of their names; returns how many.

        A missing or unreadable ledger is made anew. What does not open cannot be accepted; what is
        missing is struck from the ledger.

        Args:
            ids: of which; others than refused ones are left alone.
            actor: by whose word.
        """
        return await self._books.complete(self._accept(ids, actor))

    async def _refused(self) -> list[Refused]:
        async with self._books.locked():
            return (await self._look())[0]

    async def _erase(self, ids: Collection[object], actor: Actor) -> int:
        async with self._books.locked():
            refused, ledger = await self._look()
            chosen = [one for one in refused if one.id in ids]
            async with self._books.writing() as connection:
                for one in chosen:
                    same = identities.c.id.is_not_distinct_from(one.id)
                    await connection.execute(delete(identities).where(same))
                if chosen:
                    self._trail.accept_older()
                    deeds = _told(Kind.RECORDS_ERASED, chosen, actor)
                    await self._trail.write(connection, *deeds)
            if ledger is not None:
                gone = {one.id for one in chosen}
                live = {key: one for key, one in ledger.live.items() if one.id not in gone}
                if live != ledger.live:
                    await self._books.replace_ledger(Ledger(ledger.counter + 1, Shards.of(live)))
        return len(chosen)

    async def _accept(self, ids: Collection[object], actor: Actor) -> int:
        async with self._books.locked():
            refused, ledger = await self._look()
            known = [one for one in refused if one.why not in ("changed", "other_key")]
            chosen = [one for one in known if one.id in ids]
            live = {} if ledger is None else dict(ledger.live)
            counter = 0 if ledger is None else ledger.counter
            missing = {one.id for one in chosen if one.why == "missing"}
            live = {key: entry for key, entry in live.items() if entry.id not in missing}
            records = [one.record for one in chosen if one.record is not None]
            async with self._books.writing() as connection:
                for record in records:
                    await write_key(connection, record)
            for record in records:
                live[record.name_lookup.hex()] = record.entry
                counter = max(counter, record.version)
            if chosen or ledger is None:
                # Before the ledger, which is no part of the database: what was accepted is told.
                self._trail.accept_older()
                async with self._books.writing() as connection:
                    told = _told(Kind.RECORDS_ACCEPTED, chosen, actor)
                    await self._trail.write(connection, *told)
                await self._books.replace_ledger(
                    Ledger(counter + 1, Shards.of(live)), aside=ledger is None
                )
        return len(chosen)

    async def _look(self) -> tuple[list[Refused], Ledger | None]:
        try:
            ledger: Ledger | None = await self._books.settled()
        except LedgerError:
            ledger = None
        async with self._books.engine.connect() as connection:
            rows = (await connection.execute(select(identities))).mappings().all()
        judged = await asyncio.to_thread(lambda: [self._judge(row, ledger) for row in rows])
        seen = {row["id"] for row in rows}
        entries = () if ledger is None else ledger.live.values()
        missing = [Refused(entry.id, "missing") for entry in entries if entry.id not in seen]
        return [one for one in judged if one is not None] + missing, ledger

    def _judge(self, row: Mapping[Any, Any], ledger: Ledger | None) -> Refused | None:
        try:
            there = Record.of(row)
            old = there.key_id not in self._vault.key_ids
            record = rewrap(self._vault, there, self._vault.key_id) if old else there
            identity = open_identity(self._vault, record)
            open_reference(self._vault, record)
        except KeyMismatchError:
            return Refused(row["id"], "other_key")
        except StoreError:
            return Refused(row["id"], "changed")
        if ledger is None:
            return Refused(record.id, "no_ledger", identity, record)
        standing = ledger.standing(record.name_lookup.hex(), record.entry)
        if standing == "current":
            return Refused(record.id, "old_key", identity, record) if old else None
        return Refused(record.id, standing, identity, record)


def _told(kind: Kind, chosen: Collection[Refused], actor: Actor) -> list[Deed]:
    """An entry for each; with none, one for the ledger that is made anew."""
    if not chosen:
        return [Deed(kind, actor, details={"identity": None, "why": "no_ledger"})]
    return [
        Deed(
            kind,
            actor,
            None if one.identity is None else one.identity.name,
            details={"identity": ascii(one.id), "why": one.why},
        )
        for one in chosen
    ]
