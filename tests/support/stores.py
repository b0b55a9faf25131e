"""Identity stores of made-up references, and hands that reach into their files."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from model.runtime.reference import vectors_of
from model.types import Reference, VoicePiece
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.keyring import KeyRing
from stream_verifier.identities.master import LocalKey, MasterKey
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.identities.vault import Vault
from tests.support.places import ask, copy_database, fill_database, is_on_server, url_of

KEY, OTHER_KEY = LocalKey(bytes(range(32))), LocalKey(b"o" * 32)
SECRET, AUDIT_KEY = bytes(range(100, 132)), bytes(range(140, 172))
MODEL = "towers-1"
CONSENT = Consent(
    "Ada Lovelace-Subject", datetime(2026, 1, 2, tzinfo=UTC), "support calls", "I do agree to it."
)


def store_at(path: Path, *keys: MasterKey) -> SqliteIdentityStore:
    return SqliteIdentityStore(
        url_of(path),
        ring(*keys),
        ledger=ledger_of(path),
        audit_key=AUDIT_KEY,
        poll_s=0.02,
    )


def enrol_all(path: Path, people: Mapping[str, int]) -> Path:
    """Make a store of people, by the seeds of their references, and close it.

    That takes 20 ms of the processor a person, so tests that begin with the same people copy one.
    """

    async def enrol() -> None:
        store = store_at(path)
        for name, seed in people.items():
            await store.add(name, made_reference(seed), CONSENT)
        await store.close()

    asyncio.run(enrol())
    return path


def copy_store(path: Path, *, to: Path) -> Path:
    """Copy a closed store with all that lies beside it."""
    shutil.copytree(path.parent, to.parent)
    if is_on_server(path):
        copy_database(path, to=to)
    return to


def ring(*keys: MasterKey) -> KeyRing:
    return KeyRing(keys or [KEY])


def made_vault(*keys: MasterKey) -> Vault:
    """One that has its secret, as if it had opened a store."""
    vault = Vault(ring(*keys))
    vault.adopt(SECRET)
    return vault


def ledger_of(path: Path) -> Path:
    return path.with_suffix(".ledger")


def parts_of(path: Path) -> list[Path]:
    """The files of the ledger's entries."""
    return sorted(ledger_of(path).with_name(f"{ledger_of(path).name}.d").iterdir())


def bytes_below(folder: Path) -> bytes:
    """All that lies in a folder and those within it, one file after the other."""
    return b"".join(one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file())


def made_reference(seed: int = 0, model_id: str = MODEL) -> Reference:
    """One of each format by turns: of an odd seed none has the telephone's vectors.

    Every second pair has pieces of the voice.
    """
    rng = np.random.default_rng(seed)
    face, voice, telephone = _unit(128, rng), _unit(192, rng), _unit(192, rng)
    made = Reference(model_id, face, voice, face_count=5, speech_s=9.5)
    whole = made if seed % 2 else replace(made, telephone=telephone, wide=seed % 4 == 0)
    return replace(whole, pieces=_pieces(rng, by_telephone=not seed % 2)) if seed & 2 else whole


def _pieces(rng: np.random.Generator, *, by_telephone: bool) -> tuple[VoicePiece, ...]:
    return tuple(
        VoicePiece(_unit(192, rng), speech_s, _unit(192, rng) if by_telephone else None)
        for speech_s in (3.0, 4.0, 2.5)
    )


def _unit(size: int, rng: np.random.Generator) -> np.ndarray:
    vector = rng.standard_normal(size).astype(np.float32)
    return vector / np.linalg.norm(vector)


def assert_same(one: Reference, other: Reference) -> None:
    # Vectors are stored turned, and turned back: what is left of that is rounding.
    found, expected = vectors_of(one), vectors_of(other)
    assert list(found) == list(expected)
    for name, vector in found.items():
        np.testing.assert_allclose(vector, expected[name], rtol=0, atol=1e-7)
    assert [piece.speech_s for piece in one.pieces] == [piece.speech_s for piece in other.pieces]
    assert (one.model_id, one.face_count, one.speech_s, one.wide) == (
        other.model_id,
        other.face_count,
        other.speech_s,
        other.wide,
    )


def rows(path: Path, table: str = "identities") -> list[Any]:
    """What lies in a table, as mappings."""
    return query(path, f"SELECT * FROM {table}")


def query(path: Path, sql: str) -> list[Any]:
    """Rows that a query finds, as mappings and tuples."""
    if is_on_server(path):
        return ask(url_of(path), sql)
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    found = connection.execute(sql).fetchall()
    connection.close()
    return found


def change(path: Path, sql: str, *values: object) -> None:
    if is_on_server(path):
        ask(url_of(path), sql, *values)
        return
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(sql, values)
    connection.close()


def put_row(path: Path, row: Any) -> None:
    """Write a row as it was copied from a store, in the place of any of its name."""
    columns = [*row.keys()]
    change(path, "DELETE FROM identities WHERE name_lookup = ?", row["name_lookup"])
    change(path, "DELETE FROM identities WHERE id = ?", row["id"])
    put = f"INSERT INTO identities ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    change(path, put, *(row[column] for column in columns))


def backup(path: Path, *, to: Path) -> Path:
    """Copy the database alone, as its own tools do."""
    to.mkdir(parents=True, exist_ok=True)
    if is_on_server(path):
        copy_database(path, to=to / path.name)
    else:
        shutil.copy(path, to / path.name)
    return to / path.name


def put_back(copy: Path, *, to: Path) -> None:
    """Put such a copy in the place of a store's database."""
    if is_on_server(copy):
        fill_database(copy, to=to)
    else:
        shutil.copy(copy, to)
