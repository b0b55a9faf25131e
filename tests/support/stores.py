"""Identity stores of made-up references, and hands that reach into their files."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from model.types import Reference
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.sqlite import SqliteIdentityStore

KEY, OTHER_KEY = bytes(range(32)), b"o" * 32
MODEL = "towers-1"
CONSENT = Consent(
    "Ada Lovelace-Subject", datetime(2026, 1, 2, tzinfo=UTC), "support calls", "I do agree to it."
)


def store_at(path: Path, key: bytes = KEY, *, poll_s: float = 0.02) -> SqliteIdentityStore:
    return SqliteIdentityStore(
        f"sqlite+aiosqlite:///{path}", key, ledger=ledger_of(path), poll_s=poll_s
    )


def ledger_of(path: Path) -> Path:
    return path.with_suffix(".ledger")


def made_reference(seed: int = 0, model_id: str = MODEL) -> Reference:
    rng = np.random.default_rng(seed)
    return Reference(model_id, _unit(128, rng), _unit(192, rng), face_count=5, speech_s=9.5)


def _unit(size: int, rng: np.random.Generator) -> np.ndarray:
    vector = rng.standard_normal(size).astype(np.float32)
    return vector / np.linalg.norm(vector)


def assert_same(one: Reference, other: Reference) -> None:
    np.testing.assert_array_equal(one.face, other.face)
    np.testing.assert_array_equal(one.voice, other.voice)
    assert (one.model_id, one.face_count, one.speech_s) == (
        other.model_id,
        other.face_count,
        other.speech_s,
    )


def rows(path: Path) -> list[sqlite3.Row]:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    found = connection.execute("SELECT * FROM identities").fetchall()
    connection.close()
    return found


def change(path: Path, sql: str, *values: object) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(sql, values)
    connection.close()


def put_row(path: Path, row: sqlite3.Row) -> None:
    """Write a row as it was copied from a store, in the place of any of its name."""
    columns = ", ".join(row.keys())
    marks = ", ".join("?" * len(row.keys()))
    change(path, f"INSERT OR REPLACE INTO identities ({columns}) VALUES ({marks})", *row)


def backup(path: Path, *, to: Path) -> Path:
    to.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(path, to / path.name))
