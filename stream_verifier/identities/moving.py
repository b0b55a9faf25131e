"""Moves references of older models to the one in use, while servers go on using them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import and_, func, select, update

from model.errors import ModelError
from model.runtime.adapter import Adapters
from stream_verifier.audit.deed import UNKNOWN, Actor, Deed, Kind
from stream_verifier.audit.sql_trail import SqlAuditTrail
from stream_verifier.errors import KeyMismatchError, RefusedRecordError
from stream_verifier.identities import database
from stream_verifier.identities.batches import SIZE, Row, batches
from stream_verifier.identities.books import Books
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.ledger import Ledger
from stream_verifier.identities.reader import Reader
from stream_verifier.identities.record import Record, open_reference, seal
from stream_verifier.identities.renewal import told
from stream_verifier.identities.tables import identities
from stream_verifier.identities.vault import Vault

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
        gone: how many others changed or deleted meanwhile, and are as those left them.
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


@dataclass(frozen=True, slots=True)
class _Move:
    """One record, before and after."""

    old: Record
    new: Record
    source: str
    deed: Deed


@dataclass(slots=True)
class _Tally:
    """What a run has come to so far."""

    moved: dict[str, int] = field(default_factory=dict)
    left: dict[Why, list[str]] = field(default_factory=dict)
    gone: int = 0
    seen: int = 0


class Moving:
    """Moves references to the space of the model in use, some in each transaction.

    Each is opened, moved by the adapter from its model, and sealed anew under another data key,
    turned another way, together with its entry in the audit trail: whoever reads meanwhile finds
    all of the old or all of the new. It stays the same record to the ledger: an older copy that is
    put back is the same person's reference, and is moved again. What is left is found by its
    model, so that a migration which was killed goes on when called again.

    Args:
        books: database and ledger.
        vault: opens and seals.
        reader: says whether a record is to be believed.
        trail: is told.
        adapters: of the model in use.
        now: gives an aware time.
    """

    def __init__(
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
            on_progress: called with references looked at and references of other models in all,
                after each transaction.
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
        older = identities.c.model_id != self._adapters.target
        async for rows in batches(self._books.engine, older):
            moves = await asyncio.to_thread(
                self._moves, rows, await self._books.ledger(), tally, again, actor
            )
            done = moves if dry_run else await self._books.complete(self._write(moves))
            for move in done:
                tally.moved[move.source] = tally.moved.get(move.source, 0) + 1
            tally.gone += len(moves) - len(done)
            tally.seen += len(rows)
            tell(tally.seen, max(tally.seen, total))
        if refused := tally.left.pop("refused", []):
            there = await self._still_refused(refused)
            tally.gone += len(refused) - len(there)
            tally.left |= {"refused": there} if there else {}
        left = {why: tuple(ids) for why, ids in tally.left.items()}
        return Moved(tally.moved, present, left, tally.gone)

    async def _still_refused(self, refused: Sequence[str]) -> list[str]:
        """Who of them is so while nobody changes anything.

        Somebody deleted between the looks at a row and at the ledger seemed to be an older copy.
        """
        still = _Tally()
        for start in range(0, len(refused), SIZE):
            some = select(identities).where(identities.c.id.in_(refused[start : start + SIZE]))
            async with self._books.undisturbed() as ledger, self._books.reading() as connection:
                rows = (await connection.execute(some)).mappings().all()
            await asyncio.to_thread(self._moves, rows, ledger, still, True, UNKNOWN)
        return [_shown(row_id) for row_id in still.left.get("refused", [])]

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

    def _moves(
        self, rows: Sequence[Row], ledger: Ledger, tally: _Tally, again: bool, actor: Actor
    ) -> list[_Move]:
        moves = []
        for row in rows:
            row_id = row["id"]
            try:
                moves.append(self._move(Record.of(row), ledger, again, actor))
            except _LeftAsItIsError as stays:
                tally.left.setdefault(stays.why, []).append(row_id)
            except RefusedRecordError:
                tally.left.setdefault("refused", []).append(row_id)
            except KeyMismatchError:
                tally.left.setdefault("key_lost", []).append(row_id)
        return moves

    def _move(self, record: Record, ledger: Ledger, again: bool, actor: Actor) -> _Move:
        old = self._reader.open(record, ledger)
        adapter = self._adapters.find(old.model_id)
        if adapter is None:
            raise _LeftAsItIsError("no_adapter")
        if old.adapted_from and not again:
            raise _LeftAsItIsError("moved_before")
        if old.consent.standing(self._now()) != "in_force":
            raise _LeftAsItIsError("consent_not_in_force")
        try:
            reference = adapter.adapt(open_reference(self._vault, record))
        except ModelError as error:
            raise _LeftAsItIsError("not_movable") from error
        new = dataclasses.replace(
            old, model_id=reference.model_id, adapted_from=reference.adapted_from
        )
        sealed = seal(self._vault, new, reference)
        return _Move(record, sealed, old.model_id, _told(old, new, actor))

    async def _write(self, moves: list[_Move]) -> list[_Move]:
        """Change records and write their entries; those that are not what was read stay."""
        done = []
        async with self._books.undisturbed() as ledger, self._books.writing() as connection:
            for move in moves:
                old = move.old
                if ledger.standing(old.name_lookup.hex(), old.entry) != "current":
                    continue
                same = and_(
                    identities.c.id == old.id,
                    identities.c.wrapped_key == old.wrapped_key,
                    identities.c.sealed_profile == old.sealed_profile,
                )
                change = update(identities).where(same).values(move.new.columns())
                if (await connection.execute(change)).rowcount == 1:
                    done.append(move)
            if done:
                await self._trail.write(connection, *(move.deed for move in done))
        return done


def _told(old: Identity, new: Identity, actor: Actor) -> Deed:
    """What the trail says: which model's reference became which model's."""
    deed = told(Kind.REFERENCE_MIGRATED, new, actor)
    origin = new.adapted_from[0]
    models = {"from": old.model_id, "to": new.model_id, "enrolled_with": origin}
    return dataclasses.replace(deed, details={**deed.details, **models})


def _shown(row_id: object) -> str:
    """The id of a row, whatever somebody wrote into it."""
    return row_id if isinstance(row_id, str) else ascii(row_id)
