"""The day on which each reference was used last, beside the records and outside of their ledger.

It changes with the first call of a day, where a record and the ledger change with an enrolment. It
tells less than the audit trail, and is believed for nothing but when to delete a reference, which
whoever could change it could do, too.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import Column, MetaData, String, Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable

from stream_verifier.identities.tables import identities

last_used = Table(
    "identity_last_used",
    MetaData(),
    Column("id", String(32), primary_key=True),
    Column("day", String(10), nullable=False),
)


async def prepare(connection: AsyncConnection) -> None:
    """Make the table where it is missing. The caller keeps others from doing the same."""
    await connection.execute(CreateTable(last_used, if_not_exists=True))


async def note(connection: AsyncConnection, record_id: str, day: date) -> None:
    """Write that a reference is used on a day."""
    await forget(connection, record_id)
    await connection.execute(insert(last_used).values(id=record_id, day=day.isoformat()))


async def forget(connection: AsyncConnection, record_id: str) -> None:
    """Delete what is known of a reference's use."""
    await connection.execute(delete(last_used).where(last_used.c.id == record_id))


async def forget_the_gone(connection: AsyncConnection) -> None:
    """Delete the days of references that are no more, by whichever way they went."""
    gone = last_used.c.id.not_in(select(identities.c.id))
    await connection.execute(delete(last_used).where(gone))


async def read(connection: AsyncConnection, record_ids: Collection[str]) -> dict[str, date]:
    """The days of these references; of those that were never used none."""
    query = select(last_used.c.id, last_used.c.day).where(last_used.c.id.in_([*record_ids]))
    rows = [(row[0], _date(row[1])) for row in await connection.execute(query)]
    return {record_id: day for record_id, day in rows if day is not None}


def _date(text: object) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
