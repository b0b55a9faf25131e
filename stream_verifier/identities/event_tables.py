"""The tables of kept events and of the keys they are under, and how a key lies there."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Index, MetaData, String, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateIndex, CreateTable

from stream_verifier.errors import KeyMismatchError, RefusedRecordError
from stream_verifier.identities.tables import Blob
from stream_verifier.identities.vault import Vault

_metadata = MetaData()

events = Table(
    "kept_events",
    _metadata,
    Column("log", String(64), primary_key=True),
    Column("cursor", BigInteger, primary_key=True, autoincrement=False),
    Column("session", String(64), nullable=False),
    Column("whom", Blob(32)),
    Column("at_s", BigInteger, nullable=False),
    Column("key", String(32), nullable=False),
    Column("sealed", Blob, nullable=False),
)
_indices = (
    Index("kept_events_session", events.c.session),
    Index("kept_events_whom", events.c.whom),
)

keys = Table(
    "kept_event_keys",
    _metadata,
    Column("id", String(32), primary_key=True),
    Column("key_id", String(16), nullable=False),
    Column("wrapped", Blob, nullable=False),
)


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key of events as it lies there.

    Attributes:
        id: random.
        key_id: names the master key that wraps it.
        wrapped: the data key.
    """

    id: str
    key_id: str
    wrapped: bytes

    def unwrap(self, vault: Vault) -> bytes:
        """The data key.

        Raises:
            KeyMismatchError: its master key is not here.
            RefusedRecordError: it was changed.
        """
        return vault.ring.get(self.key_id).unwrap(self.wrapped, _context(self.id, self.key_id))


async def prepare(connection: AsyncConnection) -> None:
    """Make the tables where they are missing. The caller keeps others from doing the same."""
    for table in (events, keys):
        await connection.execute(CreateTable(table, if_not_exists=True))
    for index in _indices:
        await connection.execute(CreateIndex(index, if_not_exists=True))


async def read_key(connection: AsyncConnection, id_: str) -> WrappedKey | None:
    """One data key; None where it is not there."""
    row = (await connection.execute(select(keys).where(keys.c.id == id_))).first()
    return None if row is None else WrappedKey(str(row[0]), str(row[1]), bytes(row[2]))


async def write_key(connection: AsyncConnection, vault: Vault, id_: str, data_key: bytes) -> None:
    """Put a data key there, under the store's present master key."""
    wrapped = await asyncio.to_thread(_wrapped, vault, id_, data_key)
    await connection.execute(insert(keys).values(id=id_, **wrapped))


async def rewrap_keys(connection: AsyncConnection, vault: Vault) -> None:
    """Bring all data keys under the store's present master key, within a transaction.

    One that does not open stays as it is, and so do the events under it: nobody reads them.
    """
    for row in (await connection.execute(select(keys))).all():
        old = WrappedKey(str(row[0]), str(row[1]), bytes(row[2]))
        if old.key_id == vault.key_id:
            continue
        with contextlib.suppress(RefusedRecordError, KeyMismatchError):
            changed = await asyncio.to_thread(_rewrapped, vault, old)
            await connection.execute(update(keys).where(keys.c.id == old.id).values(**changed))


def _rewrapped(vault: Vault, old: WrappedKey) -> dict[str, object]:
    return _wrapped(vault, old.id, old.unwrap(vault))


def _wrapped(vault: Vault, id_: str, data_key: bytes) -> dict[str, object]:
    key_id = vault.key_id
    wrapped = vault.ring.get(key_id).wrap(data_key, _context(id_, key_id))
    return {"key_id": key_id, "wrapped": wrapped}


def _context(id_: str, key_id: str) -> bytes:
    return json.dumps(["event key 1", id_, key_id]).encode()
