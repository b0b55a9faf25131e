"""The store's two tables, in SQL that SQLite and PostgreSQL both speak."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import CreateTable

from stream_verifier.errors import StoreError

SCHEMA_VERSION = 1

_metadata = MetaData()

# Sealed columns hold everything personal; the rest tells nothing about anybody.
identities = Table(
    "identities",
    _metadata,
    Column("id", String(32), primary_key=True),
    Column("name_lookup", LargeBinary(32), nullable=False, unique=True),
    Column("model_id", String(200), nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("sealed_profile", LargeBinary, nullable=False),
    Column("sealed_reference", LargeBinary, nullable=False),
)

_schema = Table(
    "stream_verifier_schema",
    _metadata,
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)


async def prepare(engine: AsyncEngine) -> None:
    """Make the tables where they are missing, and check their version.

    Raises:
        StoreError: the tables are of another version of this package.
    """
    async with engine.begin() as connection:
        await connection.execute(CreateTable(_schema, if_not_exists=True))
        version = await connection.scalar(select(_schema.c.version))
        if version is None:
            await connection.execute(CreateTable(identities, if_not_exists=True))
    if version is None:
        await _note_version(engine)
    elif version != SCHEMA_VERSION:
        raise StoreError(
            f"The identity store has schema version {version} and this program writes version "
            f"{SCHEMA_VERSION}: use the program that made it, or another store, and enrol again."
        )


async def _note_version(engine: AsyncEngine) -> None:
    try:
        async with engine.begin() as connection:
            await connection.execute(insert(_schema).values(row=1, version=SCHEMA_VERSION))
    except IntegrityError:
        pass  # Another process prepared the same new store at the same time.
