"""Brings a store of schema version 1 to version 2, which binds each row as a whole."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, MetaData, String, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable, DropTable

from model.errors import ModelError
from model.runtime.reference import reference_from_bytes
from stream_verifier.errors import ConsentError, RefusedRecordError
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.ledger import Ledger
from stream_verifier.identities.record import Record, seal
from stream_verifier.identities.tables import Blob, identities, raise_version
from stream_verifier.identities.vault import Vault

_logger = logging.getLogger(__name__)

_old = Table(
    "identities",
    MetaData(),
    Column("id", String(32), primary_key=True),
    Column("name_lookup", Blob(32), nullable=False, unique=True),
    Column("model_id", String(200), nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("sealed_profile", Blob, nullable=False),
    Column("sealed_reference", Blob, nullable=False),
)


async def migrate(
    connection: AsyncConnection,
    vault: Vault,
    ledger: Ledger | None,
    keep: Callable[[Ledger], Awaitable[None]],
) -> None:
    """Seal every row anew, bound whole, in the connection's one transaction.

    A row that does not open is kept as it is, to be refused and looked at.

    Args:
        connection: in a transaction; interrupted before its end, nothing has changed.
        vault: opens and seals.
        ledger: the ledger there is. None means that none was ever kept: all rows that open are
            current then. Else only those are that it names, such as after an interruption.
        keep: writes the ledger of a store that had none, before the transaction ends.
    """
    await raise_version(connection)
    rows = (await connection.execute(select(_old).order_by(_old.c.id))).mappings().all()
    new = ledger is None
    ledger = ledger or Ledger()
    live = dict(ledger.live)
    records = []
    for number, row in enumerate(rows, start=1):
        entry = live.get(_hex(row["name_lookup"]))
        known = entry is not None and entry.id == row["id"]
        version = number if new else entry.version if entry and known else 0
        record = _migrated(vault, row, version=version)
        if new and record is not None:
            live[record.name_lookup.hex()] = record.entry
        records.append({**row, "version": 0} if record is None else record.columns())
    if new:
        await keep(Ledger(counter=len(rows), live=live))
    await connection.execute(DropTable(_old))
    await connection.execute(CreateTable(identities))
    if records:
        await connection.execute(insert(identities), records)
    _logger.info("brought %d records of the identity store to schema version 2", len(rows))


def _hex(lookup: object) -> str:
    return lookup.hex() if isinstance(lookup, bytes | memoryview) else ""


def _migrated(vault: Vault, row: Mapping[Any, Any], *, version: int) -> Record | None:
    """The row as it is sealed now; None where it does not open."""
    try:
        profile = json.loads(_open(vault, row, "profile"))
        profile["created_at"] = datetime.fromisoformat(profile["created_at"])
        profile["consent"] = Consent.from_dict(profile["consent"])
        identity = Identity(
            id=str(row["id"]), model_id=str(row["model_id"]), version=version, **profile
        )
        record = seal(vault, identity, reference_from_bytes(_open(vault, row, "reference")))
    except (
        ConsentError,
        KeyError,
        ModelError,
        RefusedRecordError,
        TypeError,
        ValueError,
    ):
        return None
    # Its name was not bound to its place: whoever exchanged two of them is noticed here.
    return record if record.name_lookup == row["name_lookup"] else None


def _open(vault: Vault, row: Mapping[Any, Any], part: str) -> bytes:
    context = json.dumps([part, row["id"], row["model_id"]])
    return vault.open(row[f"sealed_{part}"], context=context)
