"""Who is enrolled, page by page: what a page costs does not grow with how many people there are."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Select, select

from stream_verifier.errors import CursorError, IdentityError, RefusedRecordError
from stream_verifier.identities import database
from stream_verifier.identities.books import Books
from stream_verifier.identities.consent import Standing
from stream_verifier.identities.identity import Identity, normalise_name
from stream_verifier.identities.ledger import Ledger
from stream_verifier.identities.record import Record
from stream_verifier.identities.store import MOST_LISTED, IdentityPage
from stream_verifier.identities.tables import identities
from stream_verifier.identities.vault import Vault

MOST_LOOKED_AT = 200
"""Records opened for one page: what somebody agreed to is sealed, so that a filter has to look."""
MAX_CURSOR_CHARS = 256
_AFTER_HEX = "g"

Opened: TypeAlias = "tuple[object, Identity | RefusedRecordError]"
Open: TypeAlias = "Callable[[Record, Ledger], Identity]"


@dataclass(slots=True)
class _Page:
    """What was found so far."""

    limit: int
    fits: Callable[[Identity], bool]
    identities: list[Identity] = field(default_factory=list)
    refused: list[RefusedRecordError] = field(default_factory=list)
    looked_at: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.identities) >= self.limit or self.looked_at >= MOST_LOOKED_AT

    def take(self, found: Identity | RefusedRecordError) -> None:
        self.looked_at += 1
        if isinstance(found, RefusedRecordError):
            self.refused.append(found)
        elif self.fits(found):
            self.identities.append(found)


class Pages:
    """Reads pages of identities.

    Args:
        books: database and ledger.
        vault: finds a name that was given whole.
        open_record: gives the identity of a record that is whole and current.
        now: gives an aware time.
    """

    def __init__(
        self, books: Books, vault: Vault, open_record: Open, *, now: Callable[[], datetime]
    ) -> None:
        self._books = books
        self._vault = vault
        self._open = open_record
        self._now = now

    async def read(
        self, cursor: str | None, *, limit: int, search: str, standing: Standing | None
    ) -> IdentityPage:
        """See ``IdentityStore.page``."""
        after: str | None = "" if cursor is None else _read_cursor(cursor)
        now = self._now()
        page = _Page(
            min(max(limit, 1), MOST_LISTED),
            lambda one: standing is None or one.consent.standing(now) == standing,
        )
        ledger = await self._books.ledger()
        named = self._named(search, ledger)
        if named is not None and cursor is None:
            for _, found in await self._look(select(identities).where(identities.c.id == named)):
                page.take(found)
        prefix = _prefix(search)
        while after is not None and not page.is_full:
            after = None if prefix is None else await self._fill(page, after, prefix, named)
        return IdentityPage(
            identities=tuple(page.identities),
            next=None if after is None else _write_cursor(after),
            enrolled=len(ledger.live),
            refused=tuple(page.refused),
        )

    async def _fill(self, page: _Page, after: str, prefix: str, named: str | None) -> str | None:
        """Take the next records in; returns after which one to go on, None at the end."""
        # One more than fit, which says whether there is another page.
        query = _following(after, prefix, named).limit(page.limit + 1)
        found = await self._look(query)
        for record_id, one in found:
            if page.is_full:
                return after
            page.take(one)
            if not isinstance(record_id, str):
                return None  # what somebody wrote there; it comes after all that is text
            after = record_id
        return after if len(found) > page.limit else None

    def _named(self, search: str, ledger: Ledger) -> str | None:
        """The id of the one who is enrolled under just that name."""
        try:
            lookup = self._vault.lookup(normalise_name(search))
        except IdentityError:
            return None
        entry = ledger.live.get(lookup.hex())
        return None if entry is None else entry.id

    async def _look(self, query: Select[Any]) -> list[Opened]:
        found = await self._opened(query, await self._books.ledger())
        if any(isinstance(one, RefusedRecordError) for _, one in found):
            # Somebody may have made a change between the two looks: look again while nobody can.
            return await self._books.complete(self._look_undisturbed(query))
        return found

    async def _look_undisturbed(self, query: Select[Any]) -> list[Opened]:
        async with self._books.undisturbed() as ledger:
            return await self._opened(query, ledger)

    async def _opened(self, query: Select[Any], ledger: Ledger) -> list[Opened]:
        with database.store_errors(self._books.engine.url):
            async with self._books.engine.connect() as connection:
                rows = (await connection.execute(query)).mappings().all()
        # In a thread: a key in a device or a service may take its time.
        return await asyncio.to_thread(self._open_all, rows, ledger)

    def _open_all(self, rows: Sequence[Mapping[Any, Any]], ledger: Ledger) -> list[Opened]:
        return [(row["id"], self._open_one(row, ledger)) for row in rows]

    def _open_one(self, row: Mapping[Any, Any], ledger: Ledger) -> Identity | RefusedRecordError:
        try:
            return self._open(Record.of(row), ledger)
        except RefusedRecordError as error:
            return error


def _following(after: str, prefix: str, leave_out: str | None) -> Select[Any]:
    record_id = identities.c.id
    query = select(identities).where(record_id > after).order_by(record_id)
    if prefix:
        query = query.where(record_id >= prefix, record_id < prefix + _AFTER_HEX)
    return query if leave_out is None else query.where(record_id != leave_out)


def _prefix(search: str) -> str | None:
    """How ids begin that are searched for; None where no id begins so."""
    found = re.fullmatch(r"[0-9a-f]{0,32}", search.strip().lower())
    return None if found is None else found[0]


def _write_cursor(record_id: str) -> str:
    return base64.urlsafe_b64encode(record_id.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> str:
    try:
        padded = cursor[:MAX_CURSOR_CHARS] + "=" * (-len(cursor) % 4)
        record_id = base64.b64decode(padded, b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        record_id = ""
    if not record_id or "\0" in record_id:
        raise CursorError(
            "That is no place in the list: begin without a cursor, and go on with the one that "
            "each page names."
        )
    return record_id
