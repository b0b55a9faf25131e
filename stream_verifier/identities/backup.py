"""A backup of store and ledger while servers use them, and the way back."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, or_, select

from stream_verifier.audit.deed import UNKNOWN, Actor, Deed, Detail, Kind
from stream_verifier.audit.sql_trail import SqlAuditTrail
from stream_verifier.errors import BackupError, StoreError
from stream_verifier.identities import last_used, tables
from stream_verifier.identities.backup_file import BackupWriter, read_backup
from stream_verifier.identities.books import Books
from stream_verifier.identities.ledger import Ledger, from_json, to_json
from stream_verifier.identities.record import Record, open_identity, open_reference, rewrap
from stream_verifier.identities.tables import identities
from stream_verifier.identities.vault import Vault

PAGE = 500
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup says of itself.

    Attributes:
        made_at: when, UTC.
        ledger: who was enrolled then.
        secret: the store's.
    """

    made_at: datetime
    ledger: Ledger
    secret: bytes


@dataclass(frozen=True, slots=True)
class PutBack:
    """What came of a backup that was put back.

    Attributes:
        restored: records that are in the store again.
        present: records that were there, as they are in the backup.
        kept_out: records that the ledger does not name: deleted or replaced since.
        damaged: records that do not open, and were left out.
    """

    restored: int = 0
    present: int = 0
    kept_out: int = 0
    damaged: int = 0

    def plus(self, **counts: int) -> PutBack:
        """With more of each."""
        return replace(self, **{name: getattr(self, name) + more for name, more in counts.items()})


class Backup:
    """Copies a store into a file, and what a store has lost back out of one.

    Args:
        books: database and ledger.
        vault: holds the keys.
        trail: is told; it is in no backup, and goes on where it is.
    """

    def __init__(self, books: Books, vault: Vault, trail: SqlAuditTrail) -> None:
        self._books = books
        self._vault = vault
        self._trail = trail

    async def write(self, path: Path, *, replace: bool = False, actor: Actor = UNKNOWN) -> int:
        """Write a backup; changes wait until it is done, reading goes on.

        Args:
            path: a new file.
            replace: whether it may take the place of one.
            actor: by whom, as the audit trail tells it.

        Returns:
            how many records are in it.

        Raises:
            BackupError, StoreError: nothing was written.
        """
        count = await self._books.complete(self._write(path, replace=replace))
        await self._trail.append(Deed(Kind.BACKED_UP, actor, details={"records": count}))
        return count

    async def look(self, path: Path) -> Contents:
        """Read all of a backup, to its end, and tell what it is.

        Raises:
            BackupError: it is no backup, or damaged.
            KeyMismatchError: it is under a key that is not here.
        """
        return await asyncio.to_thread(self._contents, path)

    async def is_unused(self) -> bool:
        """Whether nobody was ever enrolled in this store, by its ledger."""
        return _unused(await self._books.ledger())

    async def put_back(self, path: Path, *, actor: Actor = UNKNOWN) -> PutBack:
        """Put what a store has lost back into it, under its present master key.

        A store that was never used takes the backup's ledger with it. Else its own ledger holds:
        who was deleted or replaced since the backup stays so, whoever was enrolled since stays in.
        Interrupted, it can be done again.

        Raises:
            BackupError: it is no backup, damaged, or of another store; nothing has changed.
            StoreError: it stopped; what was put back is there.
        """
        return await self._books.complete(self._put_back(path, actor))

    async def _write(self, path: Path, *, replace: bool) -> int:
        count, after = 0, ""
        async with self._books.undisturbed() as ledger:
            writer = BackupWriter(path, self._vault.ring, self._vault.key_id, replace=replace)
            with writer:
                writer.write(self._first_line(ledger))
                while rows := await self._page(after):
                    after = max(str(row["id"]) for row in rows)
                    used = await self._last_used(rows)
                    await asyncio.to_thread(_write_rows, writer, rows, used)
                    count += len(rows)
        return count

    def _first_line(self, ledger: Ledger) -> bytes:
        about = {
            "version": _VERSION,
            "made_at": datetime.now(UTC).isoformat(),
            "secret": self._vault.secret.hex(),
            "ledger": to_json(ledger),
        }
        return json.dumps(about).encode()

    async def _page(self, after: str) -> Sequence[Mapping[Any, Any]]:
        query = select(identities).where(identities.c.id > after)
        query = query.order_by(identities.c.id).limit(PAGE)
        async with self._books.engine.connect() as connection:
            return (await connection.execute(query)).mappings().all()

    async def _last_used(self, rows: Sequence[Mapping[Any, Any]]) -> dict[str, date]:
        async with self._books.engine.connect() as connection:
            return await last_used.read(connection, [str(row["id"]) for row in rows])

    def _contents(self, path: Path) -> Contents:
        lines = read_backup(path, self._vault.ring)
        try:
            about = json.loads(next(lines))
            if about["version"] != _VERSION:
                raise BackupError(f"{path} was made by a later version of this program: use that.")
            contents = Contents(
                datetime.fromisoformat(about["made_at"]),
                from_json(about["ledger"]),
                bytes.fromhex(about["secret"]),
            )
        except (KeyError, StopIteration, TypeError, ValueError) as error:
            raise BackupError(f"The backup {path} has another format: use another one.") from error
        for _ in lines:  # nothing is put back of one that is cut short
            pass
        return contents

    async def _put_back(self, path: Path, actor: Actor) -> PutBack:
        contents = await self.look(path)
        async with self._books.undisturbed() as ledger:
            if _unused(ledger):
                # First of all: from here on each record is in the ledger, and missing.
                self._vault.adopt(contents.secret)  # under the present key, not the backup's
                await self._books.replace_ledger(contents.ledger)
            elif contents.secret != self._vault.secret:
                raise BackupError(
                    f"The backup {path} is of another store: put it back where nobody is enrolled "
                    "yet, such as in a new STREAM_VERIFIER_DATA_DIR."
                )
            wrapped = await asyncio.to_thread(self._vault.wrapped_secret, self._vault.key_id)
            made_at = contents.made_at.isoformat()
            async with self._books.writing() as connection:
                await tables.write_secret(connection, self._vault.key_id, wrapped)
                details: dict[str, Detail] = {"made_at": made_at, "done": False}
                await self._trail.write(connection, Deed(Kind.PUT_BACK, actor, details=details))
        result = PutBack()
        lines = read_backup(path, self._vault.ring)
        next(lines)
        while page := await asyncio.to_thread(lambda: [*itertools.islice(lines, PAGE)]):
            result = await self._put_page(page, result)
        details = {"made_at": made_at, "done": True, "records": result.restored}
        await self._trail.append(Deed(Kind.PUT_BACK, actor, details=details))
        return result

    async def _put_page(self, page: Sequence[bytes], result: PutBack) -> PutBack:
        async with self._books.undisturbed() as ledger:
            current, result = await asyncio.to_thread(self._chosen, page, ledger, result)
            async with self._books.writing() as connection:
                for record, used in current:
                    row = or_(
                        identities.c.id == record.id,
                        identities.c.name_lookup == record.name_lookup,
                    )
                    there = (await connection.execute(select(identities).where(row))).mappings()
                    if await asyncio.to_thread(self._is_whole, there.all(), record):
                        result = result.plus(present=1)
                        continue
                    await connection.execute(delete(identities).where(row))
                    await connection.execute(insert(identities).values(record.columns()))
                    if used is not None:  # or the clock would take whom it knows no use of
                        await last_used.note(connection, record.id, used)
                    result = result.plus(restored=1)
        return result

    def _chosen(
        self, page: Sequence[bytes], ledger: Ledger, result: PutBack
    ) -> tuple[list[tuple[Record, date | None]], PutBack]:
        """The records of a page that are current, under the store's present key, and last used."""
        current = []
        for line in page:
            try:
                read, used = _record(line)
                record = rewrap(self._vault, read, self._vault.key_id)
                self._check(record)
                if ledger.standing(record.name_lookup.hex(), record.entry) != "current":
                    result = result.plus(kept_out=1)
                    continue
                current.append((record, used))
            except StoreError:
                result = result.plus(damaged=1)
        return current, result

    def _is_whole(self, rows: Sequence[Mapping[Any, Any]], record: Record) -> bool:
        try:
            there = [Record.of(row) for row in rows]
            for one in there:
                self._check(one)
        except StoreError:
            return False
        return [one.entry for one in there] == [record.entry]

    def _check(self, record: Record) -> None:
        open_identity(self._vault, record)
        open_reference(self._vault, record)


def _unused(ledger: Ledger) -> bool:
    return ledger.counter == 0 and not ledger.live


def _write_rows(
    writer: BackupWriter, rows: Sequence[Mapping[Any, Any]], used: Mapping[str, date]
) -> None:
    for row in rows:
        line = {name: _to_json(value) for name, value in row.items()}
        day = used.get(str(row["id"]))
        line["last_used"] = None if day is None else day.isoformat()
        writer.write(json.dumps(line).encode())


def _record(line: bytes) -> tuple[Record, date | None]:
    row = json.loads(line)
    day = row.pop("last_used")
    record = Record.of({name: _from_json(value) for name, value in row.items()})
    return record, None if day is None else date.fromisoformat(day)


def _to_json(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return [base64.b64encode(value).decode()]
    return value


def _from_json(value: Any) -> Any:
    return base64.b64decode(value[0]) if isinstance(value, list) else value
