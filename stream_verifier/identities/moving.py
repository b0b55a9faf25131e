"""Moves references of older models to the one in use, while servers go on using them."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import and_, func, select

from model.errors import ModelError
from model.runtime.adapter import Adapters
from model.types import Reference
from stream_verifier.audit.deed import UNKNOWN, Actor, Deed, Kind
from stream_verifier.audit.sql_trail import SqlAuditTrail
from stream_verifier.errors import KeyMismatchError, RefusedRecordError
from stream_verifier.identities import database
from stream_verifier.identities.books import Books
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.ledger import Ledger
from stream_verifier.identities.reader import Reader
from stream_verifier.identities.record import Record, open_reference, seal
from stream_verifier.identities.renewal import told
from stream_verifier.identities.tables import identities
from stream_verifier.identities.vault import Vault

BATCH = 100
"""Rows looked up at once; each is moved by itself."""

Why: TypeAlias = Literal[
    "no_adapter", "moved_before", "consent_not_in_force", "refused", "key_lost", "not_movable"
]


@dataclass(frozen=True, slots=True)
class Moved:
    """What a migration did, or would do.

    Attributes:
        moved: references that it moved, by the model that they were of.
        present: how many were of the model in use already.
        left: ids of those that it left as they are, by the reason: no adapter leads from their
            model; an adapter moved them before, and that was not to be done twice; nobody may use
            them for want of consent; the store refuses the record; its key is not here; or the
            adapter can make nothing of its vectors.
        gone: how many were deleted, replaced or moved by others meanwhile.
    """

    moved: Mapping[str, int] = field(default_factory=dict)
    present: int = 0
    left: Mapping[Why, tuple[str, ...]] = field(default_factory=dict)
    gone: int = 0


class _LeftAsItIsError(Exception):
    """A reference stays as it is."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@dataclass(slots=True)
class _Tally:
    """What a run has come to so far."""

    moved: dict[str, int] = field(default_factory=dict)
    left: dict[Why, list[str]] = field(default_factory=dict)
    gone: int = 0
    seen: int = 0

    def note(self, source: str | None) -> None:
        """Count one that was moved from a model, or was not there any more."""
        if source is None:
            self.gone += 1
        else:
            self.moved[source] = self.moved.get(source, 0) + 1


class Moving:
    """Moves references to the space of the model in use, one after the other.

    Each is opened, moved by the adapter from its model, and sealed anew under another data key,
    turned another way, in one change of store and ledger with its entry in the audit trail: whoever
    reads meanwhile finds all of the old or all of the new. What is left is found by its model, so
    that a migration which was killed goes on when called again.

    Args:
        books: database and ledger.
        vault: opens and seals.
        reader: says whether a record is to be believed.
        trail: is told.
        adapters: of the model in use.
        now: gives an aware time.
    """

    def __init__(  # noqa: PLR0913 - what a change of a record takes
        self,
        books: Books,
        vault: Vault,
        reader: Reader,
        trail: SqlAuditTrail,
        adapters: Adapters,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._books = books
        self._vault = vault
        self._reader = reader
        self._trail = trail
        self._adapters = adapters
        self._now = now

    async def run(
        self,
        on_progress: Callable[[int, int], None] | None = None,
        *,
        dry_run: bool = False,
        again: bool = False,
        actor: Actor = UNKNOWN,
    ) -> Moved:
        """Move what can be moved; harmless when there is nothing to do.

        Args:
            on_progress: called with references looked at and references of other models in all.
            dry_run: whether to do all but the change itself.
            again: whether to move what an adapter has moved before, whose errors then add up.
            actor: by whom, as the audit trail tells it.

        Raises:
            StoreError: it stopped; all that was done holds.
        """
        tally = _Tally()
        present, total = await self._count()
        tell = on_progress or (lambda *_: None)
        tell(0, total)
        async for row_id, lookup in self._due():
            began = time.monotonic()
            try:
                if not isinstance(lookup, bytes | memoryview):
                    raise _LeftAsItIsError("refused")
                tally.note(await self._one(bytes(lookup), dry_run, again, actor))
            except _LeftAsItIsError as stays:
                tally.left.setdefault(stays.why, []).append(row_id)
            tally.seen += 1
            tell(tally.seen, max(tally.seen, total))
            if not dry_run:
                # Half of the time is the others', who wait for the same lock of the store.
                await asyncio.sleep(time.monotonic() - began)
        left = {why: tuple(ids) for why, ids in tally.left.items()}
        return Moved(tally.moved, present, left, tally.gone)

    async def _count(self) -> tuple[int, int]:
        """References of the model in use, and of others."""
        await self._books.ledger()
        query = select(identities.c.model_id, func.count()).group_by(identities.c.model_id)
        with database.store_errors(self._books.engine.url):
            async with self._books.engine.connect() as connection:
                found = (await connection.execute(query)).all()
        rows = {str(model): int(count) for model, count in found}
        present = rows.pop(self._adapters.target, 0)
        return present, sum(rows.values())

    async def _due(self) -> AsyncIterator[tuple[str, object]]:
        """Ids and look-ups of records of other models, as they lie there."""
        after = ""
        while rows := await self._next(after):
            known = [(row_id, lookup) for row_id, lookup in rows if isinstance(row_id, str)]
            for row_id, lookup in known:
                yield row_id, lookup
            if not known:  # Somebody wrote other things into that column: they have no order.
                for row_id, _ in rows:
                    yield ascii(row_id), None
                return
            after = known[-1][0]

    async def _next(self, after: str) -> Sequence[Any]:
        where = and_(identities.c.model_id != self._adapters.target, identities.c.id > after)
        columns = select(identities.c.id, identities.c.name_lookup)
        query = columns.where(where).order_by(identities.c.id).limit(BATCH)
        with database.store_errors(self._books.engine.url):
            async with self._books.engine.connect() as connection:
                return (await connection.execute(query)).all()

    async def _one(self, lookup: bytes, dry_run: bool, again: bool, actor: Actor) -> str | None:
        """Move the reference of a name; gives the model it was of, None if there is none to move.

        Raises:
            _LeftAsItIsError: it stays as it is.
        """
        move = self._looked_at if dry_run else self._changed
        try:
            return await self._books.complete(move(lookup, again, actor))
        except RefusedRecordError as error:
            raise _LeftAsItIsError("refused") from error
        except KeyMismatchError as error:
            raise _LeftAsItIsError("key_lost") from error

    async def _looked_at(self, lookup: bytes, again: bool, _: Actor) -> str | None:
        records, ledger = await self._books.find(lookup)
        if not self._is_due(records):
            return None
        old, _reference = await asyncio.to_thread(self._moved, records[0], ledger, again)
        return old.model_id

    async def _changed(self, lookup: bytes, again: bool, actor: Actor) -> str | None:
        async with self._books.undisturbed() as ledger:
            records = await self._books.fetch(lookup)
            if not self._is_due(records):
                return None
            old, reference = await asyncio.to_thread(self._moved, records[0], ledger, again)
            identity = dataclasses.replace(
                old,
                version=ledger.counter + 1,
                model_id=reference.model_id,
                adapted_from=reference.adapted_from,
            )
            record = await asyncio.to_thread(seal, self._vault, identity, reference)
            deed = _told(old, identity, actor)
            await self._books.change(
                ledger, lookup, record, lambda connection: self._trail.write(connection, deed)
            )
        return old.model_id

    def _is_due(self, records: list[Record]) -> bool:
        return bool(records) and records[0].model_id != self._adapters.target

    def _moved(self, record: Record, ledger: Ledger, again: bool) -> tuple[Identity, Reference]:
        """Whose a record is, and the reference as the model in use has it."""
        identity = self._reader.open(record, ledger)
        adapter = self._adapters.find(identity.model_id)
        if adapter is None:
            raise _LeftAsItIsError("no_adapter")
        if identity.adapted_from and not again:
            raise _LeftAsItIsError("moved_before")
        if identity.consent.standing(self._now()) != "in_force":
            raise _LeftAsItIsError("consent_not_in_force")
        try:
            return identity, adapter.adapt(open_reference(self._vault, record))
        except ModelError as error:
            raise _LeftAsItIsError("not_movable") from error


def _told(old: Identity, new: Identity, actor: Actor) -> Deed:
    """What the trail says: which model's reference became which model's."""
    deed = told(Kind.REFERENCE_MIGRATED, new, actor)
    origin = new.adapted_from[0]
    models = {"from": old.model_id, "to": new.model_id, "enrolled_with": origin}
    return dataclasses.replace(deed, details={**deed.details, **models})
