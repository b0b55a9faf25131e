"""The store's tables, in SQL that SQLite and PostgreSQL both speak."""

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
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable

from stream_verifier.errors import StoreError

SCHEMA_VERSION = 3

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
    Column("wrapped_key", Blob, nullable=False),
    Column("sealed_profile", Blob, nullable=False),
    Column("sealed_reference", Blob, nullable=False),
)

# The store's secret, for when the ledger, which holds it too, is lost.
_secret = Table(
    "stream_verifier_secret",
    _metadata,
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("key_id", String(16), nullable=False),
    Column("wrapped", Blob, nullable=False),
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
        await connection.execute(CreateTable(_secret, if_not_exists=True))
        await connection.execute(insert(_schema).values(row=1, version=SCHEMA_VERSION))
        return SCHEMA_VERSION
    if version not in range(1, SCHEMA_VERSION + 1):
        raise StoreError(
            f"The identity store has schema version {version} and this program writes version "
            f"{SCHEMA_VERSION}: use the program that made it, or another store, and enrol again."
        )
    return version


async def hold(connection: AsyncConnection) -> None:
    """Wait until no transaction that changes anything is under way, and keep others from it.

    SQLite has a lock of its own for that, and knows no such words.
    """
    await connection.execute(select(_schema.c.row).with_for_update())


async def raise_version(connection: AsyncConnection) -> None:
    """Note that the tables are of this version; takes the database's lock for writing."""
    await connection.execute(update(_schema).values(version=SCHEMA_VERSION))


async def make_secret_table(connection: AsyncConnection) -> None:
    """Make the table of the store's secret, which older versions had not."""
    await connection.execute(CreateTable(_secret, if_not_exists=True))


async def read_secret(connection: AsyncConnection) -> tuple[str, bytes] | None:
    """The id of the master key, and the store's secret wrapped by it; None before it is made."""
    row = (await connection.execute(select(_secret.c.key_id, _secret.c.wrapped))).first()
    return None if row is None else (str(row[0]), bytes(row[1]))


async def write_secret(connection: AsyncConnection, key_id: str, wrapped: bytes) -> None:
    """Put the wrapped secret in the place of any that is there."""
    await connection.execute(delete(_secret))
    await connection.execute(insert(_secret).values(row=1, key_id=key_id, wrapped=wrapped))
