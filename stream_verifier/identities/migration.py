"""Brings a store of an older schema version to the present one, without loss.

Version 1 bound no row as a whole; version 2 sealed all rows under keys derived from the store key
itself, names' look-ups among them. Since version 3 each row has a data key, and the look-ups are
under a secret of the store, so that both kinds of key can change.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, String, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable, DropTable

from model.errors import ModelError
from model.runtime.reference_format import reference_from_bytes
from model.types import Reference
from stream_verifier.errors import ConsentError, RefusedRecordError
from stream_verifier.identities import tables
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.ledger import Ledger
from stream_verifier.identities.legacy import LegacyVault
from stream_verifier.identities.origin import Origin
from stream_verifier.identities.record import seal
from stream_verifier.identities.shards import Entry, Shards
from stream_verifier.identities.tables import Blob, identities
from stream_verifier.identities.vault import Vault, new_key

_logger = logging.getLogger(__name__)

Row = Mapping[Any, Any]
Keep = Callable[[Ledger], Awaitable[None]]


def _old_table(*more: Column[Any]) -> Table:
    return Table(
        "identities",
        MetaData(),
        Column("id", String(32), primary_key=True),
        Column("name_lookup", Blob(32), nullable=False, unique=True),
        *more,
        Column("model_id", String(200), nullable=False),
        Column("key_id", String(16), nullable=False),
        Column("sealed_profile", Blob, nullable=False),
        Column("sealed_reference", Blob, nullable=False),
    )


_OLD_TABLES = {1: _old_table(), 2: _old_table(Column("version", BigInteger, nullable=False))}


@dataclass(frozen=True, slots=True)
class Standings:
    """What is known of which records are current.

    Attributes:
        ledger: of this release: this store, or a copy of it, was brought up before. None if there
            is none; an empty one where it cannot be read, so that nobody is believed.
        old: of an older release, which calls names by their old look-ups.
    """

    ledger: Ledger | None = None
    old: Ledger | None = None

    def entry(self, old_lookup: str, lookup: str) -> Entry | None:
        """The current record of a name."""
        if self.old is not None:
            return self.old.live.get(old_lookup)
        return None if self.ledger is None else self.ledger.live.get(lookup)


async def migrate(
    connection: AsyncConnection, vault: Vault, version: int, standings: Standings, keep: Keep
) -> None:
    """Seal every row anew in the connection's one transaction.

    A row that does not open is kept as it is, to be refused and looked at.

    Args:
        connection: in a transaction; interrupted before its end, nothing has changed.
        vault: opens and seals; its secret is made here if no ledger has brought one.
        version: of the schema that is there.
        standings: where no ledger was ever kept, all rows of version 1 that open are current.
        keep: writes the ledger of a store that had none, or an older one, before the transaction
            ends; if that is interrupted then, it is found and holds.
    """
    await tables.raise_version(connection)
    await tables.make_secret_table(connection)
    if not vault.knows_secret:
        vault.adopt(new_key())
    table = _OLD_TABLES[version]
    rows = (await connection.execute(select(table).order_by(table.c.id))).mappings().all()
    if standings.old is not None:
        standings = replace(standings, old=_settled(standings.old, rows))
    # In a thread, as all that is sealed for many at once.
    records, ledger = await asyncio.to_thread(_brought_up, vault, rows, standings)
    if ledger is not None:
        await keep(ledger)
    await connection.execute(DropTable(table))
    await connection.execute(CreateTable(identities))
    if records:
        await connection.execute(insert(identities), records)
    wrapped = await asyncio.to_thread(vault.wrapped_secret, vault.key_id)
    await tables.write_secret(connection, vault.key_id, wrapped)
    _logger.info("brought %d records of the identity store to the present schema", len(rows))


def _brought_up(
    vault: Vault, rows: Sequence[Row], standings: Standings
) -> tuple[list[dict[str, object]], Ledger | None]:
    """The new rows, and the ledger to keep; None to leave alone what is there."""
    first = standings.old is None and standings.ledger is None and "version" not in _names(rows)
    live = {} if standings.old is None else dict(standings.old.live)
    records: list[dict[str, object]] = []
    for number, row in enumerate(rows, start=1):
        opened = _opened(vault.ring.legacy(str(row["key_id"])), row)
        if opened is None:
            records.append({"version": 0, **row, "wrapped_key": b""})
            continue
        identity, reference = opened
        old_lookup = _hex(row["name_lookup"])
        entry = standings.entry(old_lookup, vault.lookup(identity.name).hex())
        known = entry is not None and entry.id == identity.id
        if "version" not in row:
            version = number if first else entry.version if entry and known else 0
            identity = replace(identity, version=version)
        record = seal(vault, identity, reference)
        if first or (standings.old is not None and entry == record.entry):
            live.pop(old_lookup, None)
            live[record.name_lookup.hex()] = record.entry
        records.append({**record.columns()})
    if first:
        return records, Ledger(counter=len(rows), live=Shards.of(live))
    return records, None if standings.old is None else replace(standings.old, live=Shards.of(live))


def _names(rows: Sequence[Row]) -> set[str]:
    return set(rows[0]) if rows else set()


def _settled(ledger: Ledger, rows: Sequence[Row]) -> Ledger:
    """An old ledger with a change pending, which came about if the database has it."""
    if ledger.pending is None:
        return ledger
    lookup = ledger.pending.lookup
    found = [Entry(row["version"], row["id"]) for row in rows if _hex(row["name_lookup"]) == lookup]
    return ledger.settled(found[0] if found else None)


def _hex(lookup: object) -> str:
    return lookup.hex() if isinstance(lookup, bytes | memoryview) else ""


def _opened(legacy: LegacyVault, row: Row) -> tuple[Identity, Reference] | None:
    """Who a row is of; None where it does not open."""
    try:
        profile = json.loads(_open(legacy, row, "profile"))
        origin = profile.pop("origin", None)
        identity = Identity(
            id=str(row["id"]),
            model_id=str(row["model_id"]),
            version=row.get("version", 0),
            created_at=datetime.fromisoformat(profile.pop("created_at")),
            consent=Consent.from_dict(profile.pop("consent")),
            origin=None if origin is None else Origin.from_dict(origin),
            **profile,
        )
        reference = reference_from_bytes(_open(legacy, row, "reference"))
    except (ConsentError, KeyError, ModelError, RefusedRecordError, TypeError, ValueError):
        return None
    # Version 1 did not bind a name to its place: whoever exchanged two is noticed here.
    return (identity, reference) if legacy.lookup(identity.name) == row["name_lookup"] else None


def _open(legacy: LegacyVault, row: Row, part: str) -> bytes:
    context = [part, row["id"], row["model_id"]]
    if "version" in row:
        sealed = row["sealed_reference"] if part == "profile" else b""
        digest = hashlib.sha256(sealed).hexdigest()
        lookup = _hex(row["name_lookup"])
        bound = [row["id"], lookup, row["version"], row["model_id"], row["key_id"], digest]
        context = ["record 2", part, *bound]
    return legacy.open(row[f"sealed_{part}"], context=json.dumps(context))
