"""The store's two tables, in SQL that SQLite and PostgreSQL both speak."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable

from stream_verifier.errors import StoreError

SCHEMA_VERSION = 2

_metadata = MetaData()


class Blob(LargeBinary):
    """Bytes, given back as they lie there: SQLite lets anything be written into any column."""

    def result_processor(
        self,
        dialect: Dialect,
        coltype: object,
    ) -> Callable[[Any], bytes | None] | None:
        """None: leave it alone, where the usual one would make a billion zeros of a number."""
        return None


# Sealed columns hold everything personal; the rest tells nothing about anybody.
identities = Table(
    "identities",
    _metadata,
    Column("id", String(32), primary_key=True),
    Column("name_lookup", Blob(32), nullable=False, unique=True),
    Column("version", BigInteger, nullable=False),
    Column("model_id", String(200), nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("sealed_profile", Blob, nullable=False),
    Column("sealed_reference", Blob, nullable=False),
)

_schema = Table(
    "stream_verifier_schema",
    _metadata,
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)


async def prepare(connection: AsyncConnection) -> int:
    """Make the tables where they are missing; returns the version of what is there.

    The caller keeps others from doing the same.

    Raises:
        StoreError: the tables are of a later version of this package.
    """
    await connection.execute(CreateTable(_schema, if_not_exists=True))
    version: int | None = await connection.scalar(select(_schema.c.version))
    if version is None:
        await connection.execute(CreateTable(identities, if_not_exists=True))
        await connection.execute(insert(_schema).values(row=1, version=SCHEMA_VERSION))
        return SCHEMA_VERSION
    if version not in range(1, SCHEMA_VERSION + 1):
        raise StoreError(
            f"The identity store has schema version {version} and this program writes version "
            f"{SCHEMA_VERSION}: use the program that made it, or another store, and enrol again."
        )
    return version


async def raise_version(connection: AsyncConnection) -> None:
    """Note that the tables are of this version; takes the database's lock for writing."""
    await connection.execute(update(_schema).values(version=SCHEMA_VERSION))
