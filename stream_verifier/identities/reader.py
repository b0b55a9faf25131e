"""Reads single people of the store: a record is believed when it is whole and current."""

from __future__ import annotations

import asyncio
import hashlib

from stream_verifier.errors import UnknownIdentityError
from stream_verifier.identities import last_used
from stream_verifier.identities.admission import unknown
from stream_verifier.identities.books import Books
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.ledger import Ledger
from stream_verifier.identities.record import (
    Record,
    named,
    open_identity,
    open_reference,
    outdated,
)
from stream_verifier.identities.store import Holdings
from stream_verifier.identities.vault import Vault


class Reader:
    """Opens records and holds them against the ledger; in a thread, as a key may take its time.

    Args:
        books: database and ledger.
        vault: opens records.
    """

    def __init__(self, books: Books, vault: Vault) -> None:
        self._books = books
        self._vault = vault

    async def all(self) -> list[Identity]:
        """All identities, by name."""
        records, ledger = await self._books.find()
        opened = await asyncio.to_thread(lambda: [self.open(one, ledger) for one in records])
        return sorted(opened, key=lambda one: one.name)

    async def find(self, name: str) -> tuple[Identity, Record]:
        """One identity and its record; see ``IdentityStore.get``."""
        if not self._vault.knows_secret:
            await self._books.ledger()  # It holds the secret that names are looked up under.
        lookup = self._vault.lookup(name)
        records, ledger = await self._books.find(lookup)
        if records:
            return await asyncio.to_thread(self.open, records[0], ledger), records[0]
        lost = ledger.live.get(lookup.hex())
        if lost is None:
            raise unknown(name)
        raise UnknownIdentityError(
            f"{named(lost.id)} of the identity store is gone, though nobody deleted that identity "
            "here: put a newer backup of the store back, or enrol again."
        )

    async def holdings(self, name: str, *, vectors: bool) -> Holdings:
        """All that is kept on one person; see ``IdentityStore.holdings``."""
        identity, record = await self.find(name)
        async with self._books.reading() as connection:
            days = await last_used.read(connection, [identity.id])
        opened = await asyncio.to_thread(open_reference, self._vault, record) if vectors else None
        sealed = record.sealed_reference
        digest = hashlib.sha256(sealed).hexdigest()
        return Holdings(identity, days.get(identity.id), len(sealed), digest, opened)

    async def present(self, lookup: bytes, ledger: Ledger) -> Identity | None:
        """Who is enrolled under a look-up now; under the lock."""
        records = await self._books.fetch(lookup)
        return await asyncio.to_thread(self.open, records[0], ledger) if records else None

    def open(self, record: Record, ledger: Ledger) -> Identity:
        """Whom a record is of, if it is whole and current."""
        identity = open_identity(self._vault, record)
        standing = ledger.standing(record.name_lookup.hex(), record.entry)
        if standing != "current":
            raise outdated(record, standing)
        return identity
