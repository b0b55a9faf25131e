"""The trail's two tables, in SQL that SQLite and PostgreSQL both speak."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable

_metadata = MetaData()

entries = Table(
    "audit_entries",
    _metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("line", Text, nullable=False),
)

head = Table(
    "audit_head",
    _metadata,
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("line", Text, nullable=False),
)


async def prepare(connection: AsyncConnection) -> None:
    """Make the tables where they are missing. The caller keeps others from doing the same."""
    for table in (entries, head):
        await connection.execute(CreateTable(table, if_not_exists=True))
