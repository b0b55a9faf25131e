"""The clock by which references, kept events and audit entries go when their time is over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, TypeAlias

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from stream_verifier.audit.deed import SYSTEM, Deed, Kind
from stream_verifier.audit.sql_trail import SqlAuditTrail
from stream_verifier.audit.trail import Cut
from stream_verifier.errors import StoreError, StreamVerifierError
from stream_verifier.identities import kept_events, last_used
from stream_verifier.identities.books import Books
from stream_verifier.identities.clock_steps import ClockSteps
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.kept_events import KeptEvents
from stream_verifier.identities.ledger import Ledger
from stream_verifier.identities.record import Record, open_identity
from stream_verifier.identities.tables import identities
from stream_verifier.identities.vault import Vault

Why: TypeAlias = Literal["consent_withdrawn", "consent_expired", "unused"]

EVERY_S = 3600.0
FIRST_AFTER_S = 60.0
_PAGE = 200
MOST_AT_ONCE = 500
"""References deleted in one round; the rest goes with the next."""
_SET_S = 300.0
"""A wall clock that went so far by itself was set."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How long what is kept.

    Attributes:
        unused: so long after its last use a reference goes; None: not for that.
        audit: so long after they were written entries of the audit trail go; None: never.
        events: so long after a call's last word its kept events go; none are kept by default.
    """

    unused: timedelta | None
    audit: timedelta | None
    events: timedelta = timedelta()

    def why(self, identity: Identity, used: date | None, now: datetime) -> Why | None:
        """Why a reference goes now; None: it stays.

        Args:
            identity: whose it is.
            used: the day of its last use, if any.
            now: an aware time.
        """
        standing = identity.consent.standing(now)
        if standing != "in_force":
            return "consent_withdrawn" if standing == "withdrawn" else "consent_expired"
        # A whole day counts as used, and being enrolled, or agreeing anew, as a use.
        active = [identity.created_at.astimezone(UTC).date()]
        active += [identity.consent.given_at.astimezone(UTC).date()]
        active += [] if used is None else [used]
        is_old = self.unused is not None and now.astimezone(UTC).date() > max(active) + self.unused
        return "unused" if is_old else None


@dataclass(frozen=True, slots=True)
class Due:
    """A reference whose time is over."""

    identity: Identity
    why: Why
    last_used: date | None


@dataclass(frozen=True, slots=True)
class Round:
    """What goes, or went.

    Attributes:
        references: whose.
        entries: of the audit trail.
        calls: how many, whose kept events.
        refused: records that do not open, of which nobody can tell; they stay.
    """

    references: list[Due] = field(default_factory=list)
    entries: Cut = field(default_factory=Cut)
    calls: int = 0
    refused: int = 0


class Retention:
    """Deletes what is over, each deletion with its entry in the trail.

    Args:
        books: database and ledger.
        vault: opens records.
        trail: is told.
        rules: how long what is kept.
        now: gives an aware time.
        events: that are kept.
    """

    def __init__(
        self,
        books: Books,
        vault: Vault,
        trail: SqlAuditTrail,
        rules: Rules,
        *,
        now: Callable[[], datetime],
        events: KeptEvents,
    ) -> None:
        self._books = books
        self._vault = vault
        self._trail = trail
        self._rules = rules
        self._now = now
        self._events = events

    async def preview(self) -> Round:
        """What would go now; nothing is changed.

        Raises:
            StoreError: store or trail cannot be read.
        """
        found, refused = await self._due(most=None)
        calls = await self._events.due(self._now() - self._rules.events)
        return Round(found, await self._old_entries(), calls, refused)

    async def run(self) -> Round:
        """Delete what is over, at most so much at once that others can go on.

        Raises:
            StoreError: store or trail cannot be changed; what was deleted before stays so.
        """
        found, refused = await self._due(most=MOST_AT_ONCE)
        gone = [one for one in found if await self._books.complete(self._expire(one))]
        async with self._books.transaction() as connection:
            await last_used.forget_the_gone(connection)
        calls = await self._events.expire(self._now() - self._rules.events)
        before = self._before()
        cut = Cut() if before is None else await self._trail.cut(before)
        return Round(gone, cut, calls, refused)

    async def run_for_ever(
        self, *, first_after_s: float = FIRST_AFTER_S, every_s: float = EVERY_S
    ) -> None:
        """Delete what is over once in a while; what fails is logged and tried again.

        What a clock takes nobody brings back: one that was set since the last round is not gone by
        before the next.
        """
        steps = ClockSteps(self._now)
        await asyncio.sleep(first_after_s)
        while True:
            while abs(set_s := steps.since_last_s()) > _SET_S:
                _logger.warning(
                    "retention: the clock was set by %+.0f s, and nothing is deleted by it before "
                    "the next round: see that it is right",
                    set_s,
                )
                await asyncio.sleep(every_s)
            try:
                done = await self.run()
                head = await self._trail.head()
                _logger.info(
                    "retention: %d references, events of %d calls and %d audit entries deleted, "
                    "%d records refused; the audit trail ends at %d %s",
                    *(len(done.references), done.calls, done.entries.count, done.refused),
                    *(head.number, head.hash),
                )
            except StreamVerifierError as error:
                _logger.error("retention failed, and is tried again: %s", error)
            except Exception:  # it must go on: the next round may succeed
                _logger.exception("retention failed, and is tried again")
            await asyncio.sleep(every_s)

    def _before(self) -> datetime | None:
        return None if self._rules.audit is None else self._now() - self._rules.audit

    async def _old_entries(self) -> Cut:
        before = self._before()
        return Cut() if before is None else await self._trail.due(before)

    async def _due(self, *, most: int | None) -> tuple[list[Due], int]:
        found: list[Due] = []
        refused = 0
        ledger = await self._books.ledger()
        async for page, days in self._pages():
            # Opening a thousand records takes long: not on the event loop.
            opened = await asyncio.to_thread(self._opened, page, ledger)
            refused += sum(one is None for one in opened)
            now = self._now()
            for identity in (one for one in opened if one is not None):
                used = days.get(identity.id)
                why = self._rules.why(identity, used, now)
                if why is not None:
                    found.append(Due(identity, why, used))
            if most is not None and len(found) >= most:
                return found[:most], refused
        return found, refused

    async def _pages(self) -> AsyncIterator[tuple[list[Record | None], dict[str, date]]]:
        after = ""
        while True:
            query = select(identities).where(identities.c.id > after)
            query = query.order_by(identities.c.id).limit(_PAGE)
            async with self._books.reading() as connection:
                rows = (await connection.execute(query)).mappings().all()
                ids = [row["id"] for row in rows if isinstance(row["id"], str)]
                days = await last_used.read(connection, ids)
            yield [_record(row) for row in rows], days
            if len(rows) < _PAGE or not ids:
                return
            after = ids[-1]

    def _opened(self, records: list[Record | None], ledger: Ledger) -> list[Identity | None]:
        return [None if one is None else self._open(one, ledger) for one in records]

    def _open(self, record: Record, ledger: Ledger) -> Identity | None:
        """Whose it is; None of one that is refused: about that somebody has to decide."""
        try:
            identity = open_identity(self._vault, record)
        except StoreError:
            return None
        standing = ledger.standing(record.name_lookup.hex(), record.entry)
        return identity if standing == "current" else None

    async def _expire(self, due: Due) -> bool:
        """Delete a reference, if it is still there and its time is still over."""
        lookup = self._vault.lookup(due.identity.name)
        async with self._books.undisturbed() as ledger:
            records = await self._books.fetch(lookup)
            identity = (await asyncio.to_thread(self._opened, [*records[:1]], ledger) or [None])[0]
            if identity is None or identity.id != due.identity.id:
                return False
            async with self._books.reading() as connection:
                used = (await last_used.read(connection, [identity.id])).get(identity.id)
            why = self._rules.why(identity, used, self._now())
            if why is None:
                return False
            details = {"identity": identity.id, "why": why}
            deed = Deed(Kind.RETENTION_DELETED, SYSTEM, identity.name, details=details)

            async def write(connection: AsyncConnection) -> None:
                await self._trail.write(connection, deed)
                await last_used.forget(connection, identity.id)
                await kept_events.forget(connection, lookup)

            await self._books.change(ledger, lookup, None, write)
        return True


def _record(row: Mapping[Any, Any]) -> Record | None:
    try:
        return Record.of(row)
    except StoreError:
        return None
