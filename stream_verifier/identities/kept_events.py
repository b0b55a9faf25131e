"""Events of calls that outlast their server, beside the records, sealed, until their time is over.

They lie in the records' database, so that a person's deletion takes them along in its transaction,
and what the clock takes comes about with its entry in the trail.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from stream_verifier.audit.deed import SYSTEM, Deed, Kind
from stream_verifier.audit.sql_trail import SqlAuditTrail
from stream_verifier.errors import IdentityError, RefusedRecordError
from stream_verifier.identities.books import Books
from stream_verifier.identities.event_tables import events, keys, read_key, write_key
from stream_verifier.identities.identity import normalise_name
from stream_verifier.identities.vault import Vault, new_key, seal, unseal

MOST_READ = 200_000
"""Events read back at a start, the newest."""
MOST_OF_ONE = 50_000
"""Events of one person read for an export, the newest."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, repr=False)
class KeptEvent:
    """One event as it is kept.

    Attributes:
        cursor: its number among all events of its log.
        session: its call's id; random.
        name: whom the call is about, if it said so.
        at_s: when it was said, Unix time in whole seconds.
        content: all of it.
    """

    cursor: int
    session: str
    name: str | None
    at_s: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept of a log.

    Attributes:
        events: in the order of their numbers.
        refused: how many more do not open: they are damaged, or were changed.
    """

    events: list[KeptEvent]
    refused: int


class KeptEvents:
    """Keeps events under a data key of its own, which the master key wraps.

    Only ids, numbers, times and the keyed hash of the name are in the clear. Each log, which is a
    server's own, has its events apart.

    Args:
        books: database and ledger.
        vault: hides names and holds the master keys.
        trail: is told what goes.
        now: gives an aware time.
    """

    def __init__(
        self, books: Books, vault: Vault, trail: SqlAuditTrail, *, now: Callable[[], datetime]
    ) -> None:
        self._books = books
        self._vault = vault
        self._trail = trail
        self._now = now
        self._key_id, self._key = uuid.uuid4().hex, new_key()

    async def read(self, log: str) -> Kept:
        """What is kept of a log; first goes what is about people who were deleted meanwhile.

        Raises:
            KeyMismatchError: it is under a master key that is not here.
            StoreError: it cannot be read.
        """
        async with self._books.undisturbed() as ledger, self._books.writing() as connection:
            whom = [*await connection.scalars(select(events.c.whom).distinct())]
            gone = [one for one in whom if one is not None and _hex(one) not in ledger.live]
            for one in gone:
                await connection.execute(delete(events).where(events.c.whom == one))
            await _forget_idle_keys(connection)
            mine = select(events).where(events.c.log == log).order_by(events.c.cursor.desc())
            return await self._opened(connection, mine.limit(MOST_READ))

    async def add(self, log: str, added: Sequence[KeptEvent]) -> None:
        """Keep these, all or none; harmless when said again.

        Raises:
            StoreError: they cannot be written.
        """
        await self._books.complete(self._add(log, added))

    async def of(self, name: str) -> list[bytes]:
        """The contents of all events about one person, by time; the newest, if they are many.

        Raises:
            StoreError: they cannot be read.
        """
        await self._books.ledger()  # it has the secret that names are looked up under
        mine = select(events).where(events.c.whom == self._vault.lookup(normalise_name(name)))
        newest = mine.order_by(events.c.at_s.desc(), events.c.cursor.desc()).limit(MOST_OF_ONE)
        async with self._books.reading() as connection:
            return [one.content for one in (await self._opened(connection, newest)).events]

    async def erase(self, lookup: str) -> None:
        """Delete all events about one person, by the look-up of the name.

        Raises:
            StoreError: they cannot be deleted.
        """
        async with self._books.transaction() as connection:
            await forget(connection, bytes.fromhex(lookup))

    async def keep_only(self, log: str, cursors: Collection[int], *, through: int) -> None:
        """Delete what a log no longer holds: an entry of the trail says how many whole calls.

        Args:
            log: whose.
            cursors: what it holds.
            through: nothing is deleted that is numbered above this.

        Raises:
            StoreError: nothing was deleted.
        """
        query = select(events.c.cursor, events.c.session)
        query = query.where(events.c.log == log, events.c.cursor <= through)
        async with self._books.transaction() as connection:
            found = [(row[0], row[1]) for row in await connection.execute(query)]
            held = frozenset(cursors)
            stays = {session for cursor, session in found if cursor in held}
            await self._tell(connection, len({one for _, one in found} - stays), "too_many")
            gone = [cursor for cursor, _ in found if cursor not in held]
            for some in _parts(gone):
                where = (events.c.log == log, events.c.cursor.in_(some))
                await connection.execute(delete(events).where(*where))

    async def due(self, before: datetime) -> int:
        """How many calls said their last word before a time; nothing is changed."""
        async with self._books.reading() as connection:
            return len([*await connection.scalars(_over(before))])

    async def expire(self, before: datetime) -> int:
        """Delete the events of calls whose last word was said before a time, and tell the trail.

        Raises:
            StoreError: nothing was deleted.
        """
        async with self._books.transaction() as connection:
            gone = [*await connection.scalars(_over(before))]
            await self._tell(connection, len(gone), "time_over")
            for some in _parts(gone):
                await connection.execute(delete(events).where(events.c.session.in_(some)))
            await _forget_idle_keys(connection)
            return len(gone)

    async def _add(self, log: str, added: Sequence[KeptEvent]) -> None:
        async with self._books.undisturbed():
            rows = await asyncio.to_thread(lambda: [self._sealed(log, one) for one in added])
            async with self._books.writing() as connection:
                if await read_key(connection, self._key_id) is None:
                    await write_key(connection, self._vault, self._key_id, self._key)
                # One whose word was lost on the way is said again.
                again = events.c.cursor.in_([one.cursor for one in added])
                await connection.execute(delete(events).where(events.c.log == log, again))
                await connection.execute(insert(events), rows)

    async def _tell(self, connection: AsyncConnection, calls: int, why: str) -> None:
        if calls:
            deed = Deed(Kind.EVENTS_DELETED, SYSTEM, details={"calls": calls, "why": why})
            await self._trail.write(connection, deed)

    async def _opened(self, connection: AsyncConnection, query: Select[Any]) -> Kept:
        """What a query finds, the other way round."""
        rows = (await connection.execute(query)).mappings().all()
        data_keys: dict[str, bytes] = {}
        for key_id in {str(row["key"]) for row in rows}:
            wrapped = await read_key(connection, key_id)
            if wrapped is not None:
                with contextlib.suppress(RefusedRecordError):  # then no event under it opens
                    data_keys[key_id] = await asyncio.to_thread(wrapped.unwrap, self._vault)
        return await asyncio.to_thread(_open_all, rows[::-1], data_keys)

    def _sealed(self, log: str, event: KeptEvent) -> dict[str, object]:
        row = {
            "log": log,
            "cursor": event.cursor,
            "session": event.session,
            "whom": self._whom(event.name),
            "at_s": event.at_s,
            "key": self._key_id,
        }
        name = (event.name or "").encode("utf-8", "surrogatepass")
        plain = len(name).to_bytes(2, "big") + name + event.content
        return {**row, "sealed": seal(self._key, plain, context=_context(row))}

    def _whom(self, name: str | None) -> bytes | None:
        try:
            return None if name is None else self._vault.lookup(normalise_name(name))
        except IdentityError:  # of nobody who could be enrolled
            return None


async def forget(connection: AsyncConnection, lookup: bytes) -> None:
    """Delete all events about one person, within a transaction."""
    await connection.execute(delete(events).where(events.c.whom == lookup))


async def _forget_idle_keys(connection: AsyncConnection) -> None:
    used = select(events.c.key).distinct()
    await connection.execute(delete(keys).where(keys.c.id.not_in(used)))


def _open_all(rows: Sequence[Any], data_keys: dict[str, bytes]) -> Kept:
    opened, refused = [], 0
    for row in rows:
        try:
            opened.append(_open(row, data_keys))
        except (RefusedRecordError, KeyError, TypeError, ValueError):
            refused += 1
    return Kept(opened, refused)


def _open(row: Any, data_keys: dict[str, bytes]) -> KeptEvent:
    plain = unseal(data_keys[row["key"]], bytes(row["sealed"]), context=_context(row))
    content = 2 + int.from_bytes(plain[:2], "big")
    name = plain[2:content].decode("utf-8", "surrogatepass") or None
    return KeptEvent(row["cursor"], row["session"], name, row["at_s"], plain[content:])


def _context(row: Any) -> str:
    """All columns beside what is sealed: no event can be put in another's place."""
    whom = "" if row["whom"] is None else _hex(row["whom"])
    columns = [str(row[name]) for name in ("log", "cursor", "session", "at_s", "key")]
    return hashlib.sha256("\0".join(["event 1", whom, *columns]).encode()).hexdigest()


def _over(before: datetime) -> Select[Any]:
    last = func.max(events.c.at_s)
    return select(events.c.session).group_by(events.c.session).having(last < before.timestamp())


def _parts(values: Sequence[Any]) -> list[Sequence[Any]]:
    return [values[at : at + _AT_ONCE] for at in range(0, len(values), _AT_ONCE)]


def _hex(value: object) -> str:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else ascii(value)
