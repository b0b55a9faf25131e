"""Changes single people of the store: record, ledger and the trail's entry in one go."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from model.types import Reference
from stream_verifier.audit.deed import Actor, Deed, Kind
from stream_verifier.audit.receipt import Receipt
from stream_verifier.audit.sql_trail import SqlAuditTrail
from stream_verifier.identities import kept_events, last_used
from stream_verifier.identities.admission import check_place, taken, unknown
from stream_verifier.identities.books import Books
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.reader import Reader
from stream_verifier.identities.record import open_reference, seal
from stream_verifier.identities.renewal import told, with_new_consent
from stream_verifier.identities.vault import Vault

P = ParamSpec("P")
T = TypeVar("T")
Kept: TypeAlias = tuple[Identity, Reference]
"""A person and the reference, as a change finds or leaves them."""


def _carried_through(
    change: Callable[Concatenate[Writer, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Writer, P], Coroutine[Any, Any, T]]:
    """A change that has begun is made to its end, whoever stops waiting for it."""

    @functools.wraps(change)
    async def made(self: Writer, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._books.complete(change(self, *args, **kwargs))

    return made


class Writer:
    """Puts records in the place of others, under the lock.

    Args:
        books: database and ledger.
        vault: seals records.
        reader: says who is there.
        trail: takes an entry of each change.
        now: gives an aware time.
    """

    def __init__(
        self,
        books: Books,
        vault: Vault,
        reader: Reader,
        trail: SqlAuditTrail,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._books = books
        self._vault = vault
        self._reader = reader
        self._trail = trail
        self._now = now

    @_carried_through
    async def add(
        self,
        new: Identity,
        reference: Reference,
        actor: Actor,
        *,
        replace: bool,
        replaces: str | None,
    ) -> Identity:
        """Store a new identity; see ``IdentityStore.add``.

        Args:
            new: whose version, and whom it replaces, is not known yet.
            reference: to seal with it.
            actor: for the trail.
            replace: whether somebody may be there.
            replaces: who, by id; None: whoever it is.
        """
        async with self._books.undisturbed() as ledger:
            lookup = self._vault.lookup(new.name)
            old = await self._reader.present(lookup, ledger)
            check_place(new.name, old, replace=replace, replaces=replaces)
            identity = dataclasses.replace(new, version=ledger.counter + 1)
            if old is not None:
                identity = dataclasses.replace(
                    with_new_consent(identity, new.consent, after=old), replaces=old.id
                )
            record = await asyncio.to_thread(seal, self._vault, identity, reference)
            deed = told(Kind.ENROLLED if old is None else Kind.REPLACED, identity, actor)
            try:
                await self._books.change(ledger, lookup, record, self._entry(deed, old))
            except IntegrityError as error:
                raise taken(new.name) from error
        return identity

    @_carried_through
    async def delete(self, name: str, actor: Actor) -> Receipt:
        """Delete an identity by its normalised name; see ``IdentityStore.delete``."""
        async with self._books.undisturbed() as ledger:
            lookup = self._vault.lookup(name)
            old = await self._reader.present(lookup, ledger)
            lost = ledger.live.get(lookup.hex())
            if old is None and lost is None:
                raise unknown(name)
            identity_id = old.id if old is not None else lost.id if lost is not None else None
            deed = Deed(Kind.DELETED, actor, name, details={"identity": identity_id})
            receipts: list[Receipt] = []

            async def write(connection: AsyncConnection) -> None:
                receipts.append(await self._trail.receipt(connection, name, deed))
                await kept_events.forget(connection, lookup)
                if old is not None:
                    await last_used.forget(connection, old.id)

            await self._books.change(ledger, lookup, None, write)
        return receipts[0]

    @_carried_through
    async def reseal(
        self, name: str, changed: Callable[[Identity, Reference], Kept], kind: Kind, actor: Actor
    ) -> Identity:
        """Seal an identity anew that stays the same one, whatever of it has changed.

        Args:
            name: normalised.
            changed: gives what is to be kept in place of what is there.
            kind: of change, for the trail.
            actor: likewise.

        Raises:
            UnknownIdentityError: nobody of that name is enrolled.
        """
        async with self._books.undisturbed() as ledger:
            lookup = self._vault.lookup(name)
            records = await self._books.fetch(lookup)
            if not records:
                raise unknown(name)
            old = await asyncio.to_thread(self._reader.open, records[0], ledger)
            reference = await asyncio.to_thread(open_reference, self._vault, records[0])
            kept, reference = changed(old, reference)
            identity = dataclasses.replace(kept, version=ledger.counter + 1)
            record = await asyncio.to_thread(seal, self._vault, identity, reference)
            await self._books.change(
                ledger, lookup, record, self._entry(told(kind, identity, actor), None)
            )
        return identity

    @_carried_through
    async def note_use(self, identity: Identity, deed: Deed) -> None:
        """Write that a reference is used, and when; see ``IdentityStore.note_use``."""
        async with self._books.transaction() as connection:
            await self._trail.write(connection, deed)
            await last_used.note(connection, identity.id, self._now().date())

    def _entry(
        self, deed: Deed, gone: Identity | None
    ) -> Callable[[AsyncConnection], Awaitable[None]]:
        """What goes into the database with a change."""

        async def write(connection: AsyncConnection) -> None:
            await self._trail.write(connection, deed)
            if gone is not None:
                await last_used.forget(connection, gone.id)

        return write
