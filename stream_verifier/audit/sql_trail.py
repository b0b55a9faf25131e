"""The audit trail in a SQL database, beside what its entries are about."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import takewhile

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from stream_verifier.audit import tables
from stream_verifier.audit.deed import SYSTEM, Actor, Deed, Detail, Kind
from stream_verifier.audit.entry import NO_HASH, Entry, written
from stream_verifier.audit.receipt import Receipt, signed
from stream_verifier.audit.seal import Head, Sealer
from stream_verifier.audit.trail import Cut
from stream_verifier.errors import AuditError, StoreError

Transaction = Callable[[], AbstractAsyncContextManager[AsyncConnection]]

_PAGE = 500
_MOST_UNSURE = 16
MOST_CUT = 10_000
"""Entries taken away in one transaction."""
_REMEDY = (
    "Nothing is done that needs an entry in it. Find out who did that; then write it to a file and "
    "begin anew with  stream-verifier audit restart FILE , or, where you put a backup back, start "
    "the server again"
)
_CUT_OFF = f"The audit trail was cut off or is an older copy. {_REMEDY}."


class SqlAuditTrail:
    """An `AuditTrail`; what its `write` adds is in the caller's transaction, with the deed itself.

    Args:
        transaction: opens a transaction that nobody else writes beside, with the tables there.
        reading: opens a connection to read by, likewise.
        sealer: signs.
        now: gives an aware time.
    """

    def __init__(
        self,
        transaction: Transaction,
        reading: Transaction,
        sealer: Sealer,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._transaction = transaction
        self._reading = reading
        self._sealer = sealer
        self._now = now
        # A head before it is an older one, whatever copy of the database was put back.
        self._seen = 0
        self._unsure: deque[tuple[Sequence[Deed], list[Entry]]] = deque(maxlen=_MOST_UNSURE)

    async def write(self, connection: AsyncConnection, *deeds: Deed) -> list[Entry]:
        """Add entries within a transaction; they come about with it, or not at all.

        Raises:
            AuditError: the trail was changed: nothing is added to it.
        """
        return await self._add(connection, await self._end(connection), deeds)

    async def append(self, *deeds: Deed) -> list[Entry]:
        """See `AuditTrail.append`."""
        made: list[Entry] = []
        try:
            async with self._transaction() as connection:
                made = await self._unsure_of(connection, deeds)
                made = made or await self.write(connection, *deeds)
        except StoreError:
            if made:
                self._unsure.append((deeds, made))
            raise
        return made

    async def _unsure_of(self, connection: AsyncConnection, deeds: Sequence[Deed]) -> list[Entry]:
        """Entries of these very deeds that the trail took, though the word of it was lost."""
        for unsure in [*self._unsure]:
            asked, made = unsure
            if len(asked) == len(deeds) and all(map(operator.is_, asked, deeds)):
                self._unsure.remove(unsure)
                rows = await _rows(connection, made[0].number - 1, len(made))
                if rows == [(entry.number, entry.line) for entry in made]:
                    return made
        return []

    async def head(self) -> Head:
        """See `AuditTrail.head`."""
        async with self._reading() as connection:
            return await self._whole(connection)

    async def page(self, *, after: int = 0, limit: int) -> list[Entry]:
        """See `AuditTrail.page`."""
        async with self._reading() as connection:
            return [self._entry(line) for _, line in await _rows(connection, after, limit)]

    async def about(
        self,
        name: str,
        *kinds: Kind,
        after: int = 0,
        before: int | None = None,
        limit: int,
        newest_first: bool = False,
    ) -> list[Entry]:
        """See `AuditTrail.about`; reads all lines, which have no index that could hide some."""
        table, whom = tables.entries, self.pseudonym(name)
        order = table.c.number.desc() if newest_first else table.c.number
        query = select(table.c.line).where(table.c.number > after).order_by(order).limit(limit)
        query = query.where(_has("whom", whom))
        if kinds:
            query = query.where(or_(*(_has("kind", str(kind)) for kind in kinds)))
        if before is not None:
            query = query.where(table.c.number < before)
        async with self._reading() as connection:
            entries = [self._entry(line) for line in await connection.scalars(query)]
        return [entry for entry in entries if entry.fields["whom"] == whom]

    async def receipt(self, connection: AsyncConnection, name: str, deed: Deed) -> Receipt:
        """Write what was done to somebody, within a transaction, and give the proof of it."""
        (entry,) = await self.write(connection, replace(deed, name=name))
        head = await self._head(connection)
        signature = self._sealer.sign_bytes(signed(name, entry.hash))
        return Receipt(name, entry, head, signature)

    async def export(self) -> AsyncIterator[str]:
        """See `AuditTrail.export`; lines come as they lie there, changed or not."""
        async with self._reading() as connection:
            head = await connection.scalar(select(tables.head.c.line))
            numbered = await _is_numbered(connection)
            first, last = await _bounds(connection) if numbered else (1, 0)
            if not numbered:  # nobody can say where a page begins, so all of it at once
                every = select(tables.entries.c.line).order_by(tables.entries.c.number)
                for line in (await connection.scalars(every)).all():
                    yield _one_line(line)
        after = first - 1
        while after < last:
            async with self._reading() as connection:
                rows = await _rows(connection, after, min(_PAGE, last - after))
                begins, _ = await _bounds(connection)
            if begins != first:
                raise AuditError("Old entries of the audit trail were taken away: export again.")
            for _, line in rows:
                yield _one_line(line)
            after = rows[-1][0] if rows else last
        yield _one_line(head if head is not None else self._sealer.empty().line)

    async def due(self, before: datetime) -> Cut:
        """See `AuditTrail.due`."""
        async with self._reading() as connection:
            return (await self._due(connection, before))[0]

    async def cut(self, before: datetime) -> Cut:
        """See `AuditTrail.cut`."""
        async with self._transaction() as connection:
            head = await self._end(connection)
            cut, newest = await self._due(connection, before)
            if newest is None:
                return cut
            details: dict[str, Detail] = {"up_to": cut.up_to, "hash": newest.hash}
            checkpoint = Deed(Kind.CHECKPOINT, SYSTEM, details={**details, "entries": cut.count})
            await self._add(connection, head, [checkpoint])
            gone = tables.entries.c.number <= cut.up_to
            await connection.execute(delete(tables.entries).where(gone))
            return cut

    async def restart(self, actor: Actor) -> Entry:
        """See `AuditTrail.restart`."""
        async with self._transaction() as connection:
            last = await self._highest(connection)
            await connection.execute(delete(tables.entries))
            end = self._sealer.sign(last, NO_HASH, "")
            deed = Deed(Kind.TRAIL_RESTARTED, actor, details={"up_to": last, "hash": NO_HASH})
            return (await self._add(connection, end, [deed]))[0]

    def accept_older(self) -> None:
        """Take a trail that ends earlier than this process saw, after a backup was put back."""
        self._seen = 0

    def pseudonym(self, name: str) -> str:
        """See `AuditTrail.pseudonym`."""
        return self._sealer.pseudonym(name)

    def public_pem(self) -> str:
        """See `AuditTrail.public_pem`."""
        return self._sealer.public_pem()

    async def _end(self, connection: AsyncConnection) -> Head:
        """The head, with the database's lock for writing, if the newest entry is its own."""
        await connection.execute(update(tables.head).values(row=1))
        head = await self._whole(connection)
        if head.number < self._seen:
            raise AuditError(_CUT_OFF)
        self._seen = head.number
        return head

    async def _whole(self, connection: AsyncConnection) -> Head:
        """The head, if the newest entry is its own; one query, so that others may write on."""
        newest = select(tables.entries).order_by(tables.entries.c.number.desc()).limit(1).subquery()
        of_newest = (select(column).scalar_subquery() for column in newest.c)
        head_line = select(tables.head.c.line).limit(1).scalar_subquery()
        query = select(head_line, *of_newest)
        told, number, line = (await connection.execute(query)).one()
        if told is number is None:
            return self._sealer.empty()
        head = self._read_head(told)
        last = (0, NO_HASH) if number is None else (number, self._entry(line).hash)
        if last != (head.number, head.hash):
            raise AuditError(_CUT_OFF)
        return head

    async def _head(self, connection: AsyncConnection) -> Head:
        line = await connection.scalar(select(tables.head.c.line))
        if line is None and (await _bounds(connection))[1] == 0:
            return self._sealer.empty()
        return self._read_head(line)

    def _read_head(self, line: object) -> Head:
        try:
            head = Head.parse(_one_line(line))
            head.check(self._sealer.public_key)
        except AuditError as error:
            raise AuditError(
                f"The audit trail does not hold: {error}. Where its key (audit.key) was lost or "
                f"exchanged, put the right one back. {_REMEDY}."
            ) from error
        return head

    async def _highest(self, connection: AsyncConnection) -> int:
        """The highest number that was ever used, as far as anything tells."""
        found = [self._seen]
        with suppress(AuditError):
            found.append((await _bounds(connection))[1])
        with suppress(AuditError):
            found.append((await self._head(connection)).number)
        return max(found)

    def _entry(self, line: object) -> Entry:
        try:
            return Entry.parse(_one_line(line))
        except AuditError as error:
            raise AuditError(f"An entry of the audit trail: {error}. {_REMEDY}.") from error

    async def _add(
        self, connection: AsyncConnection, end: Head, deeds: Sequence[Deed]
    ) -> list[Entry]:
        number, last_hash, now = end.number, end.hash, self._now()
        made: list[Entry] = []
        for deed in deeds:
            whom = None if deed.name is None else self.pseudonym(deed.name)
            hidden = {key: self.pseudonym(text) for key, text in deed.hidden.items()}
            shown = replace(deed, details={**deed.details, **hidden})
            entry = Entry.after(number, last_hash, shown, whom=whom, now=now)
            number, last_hash = entry.number, entry.hash
            made.append(entry)
        if made:
            rows = [{"number": entry.number, "line": entry.line} for entry in made]
            await connection.execute(insert(tables.entries), rows)
            await connection.execute(delete(tables.head))
            head = self._sealer.sign(number, last_hash, written(now))
            await connection.execute(insert(tables.head).values(row=1, line=head.line))
        return made

    async def _due(self, connection: AsyncConnection, before: datetime) -> tuple[Cut, Entry | None]:
        """What is old, and the newest entry of it."""
        old: Entry | None = None
        count, limit = 0, written(before)
        _, last = await _bounds(connection)
        while count < MOST_CUT:
            rows = await _rows(connection, 0 if old is None else old.number, _PAGE)
            entries = [self._entry(line) for number, line in rows if number < last]
            if [entry.number for entry in entries] != [number for number, _ in rows][
                : len(entries)
            ]:
                raise AuditError(f"Entries of the audit trail were exchanged. {_REMEDY}.")
            due = [*takewhile(lambda entry: entry.at < limit, entries)]
            if due:
                old, count = due[-1], count + len(due)
            if len(due) < _PAGE:
                break
        return Cut(0 if old is None else old.number, count), old


async def _rows(connection: AsyncConnection, after: int, limit: int) -> list[tuple[int, object]]:
    table = tables.entries
    query = select(table).where(table.c.number > after).order_by(table.c.number).limit(limit)
    rows = [(row[0], row[1]) for row in await connection.execute(query)]
    if any(type(number) is not int for number, _ in rows):
        raise AuditError(f"An entry of the audit trail has no number. {_REMEDY}.")
    return rows


async def _is_numbered(connection: AsyncConnection) -> bool:
    try:
        await _bounds(connection)
    except AuditError:
        return False
    return True


async def _bounds(connection: AsyncConnection) -> tuple[int, int]:
    """The numbers of the oldest and the newest entry; 1 and 0 of none."""
    number = tables.entries.c.number
    first, last = (await connection.execute(select(func.min(number), func.max(number)))).one()
    if first is None:
        return 1, 0
    if type(first) is not int or type(last) is not int:
        raise AuditError(f"An entry of the audit trail has no number. {_REMEDY}.")
    return first, last


def _has(field: str, value: str) -> ColumnElement[bool]:
    """Whether a line's JSON has a field of that value; within a text the quotes are escaped."""
    return tables.entries.c.line.contains(f'"{field}":"{value}"', autoescape=True)


def _one_line(text: object) -> str:
    """A column as text of one line, whatever somebody wrote into it."""
    if isinstance(text, str) and text.isprintable():
        return text
    return ascii(text)
