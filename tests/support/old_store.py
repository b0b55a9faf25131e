"""Writes identity stores of schema version 1, as the first releases of this package did."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from model.runtime.reference import reference_to_bytes
from stream_verifier.identities.vault import Vault
from tests.support.stores import CONSENT, KEY, MODEL, made_reference

_TABLES = """
CREATE TABLE stream_verifier_schema (
    row INTEGER NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (row)
);
CREATE TABLE identities (
    id VARCHAR(32) NOT NULL, name_lookup BLOB NOT NULL, model_id VARCHAR(200) NOT NULL,
    key_id VARCHAR(16) NOT NULL, sealed_profile BLOB NOT NULL, sealed_reference BLOB NOT NULL,
    PRIMARY KEY (id), UNIQUE (name_lookup)
);
INSERT INTO stream_verifier_schema (row, version) VALUES (1, 1);
"""


def old_id(seed: int) -> str:
    return f"{seed:032x}"


def write_old_store(path: Path, people: Mapping[str, int], key: bytes = KEY) -> None:
    """Write a store of these people; each reference is made of a seed, and so is its id."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    vault = Vault(key)
    connection = sqlite3.connect(path)
    with connection:
        connection.executescript(_TABLES)
        for name, seed in people.items():
            connection.execute(
                "INSERT INTO identities VALUES (?,?,?,?,?,?)", _row(vault, name, seed)
            )
    connection.close()


def _row(vault: Vault, name: str, seed: int) -> tuple[object, ...]:
    profile = {
        "name": name,
        "created_at": "2026-01-03T00:00:00+00:00",
        "consent": CONSENT.to_dict(),
        "face_count": 5,
        "speech_s": 9.5,
    }
    plain = {
        "profile": json.dumps(profile).encode(),
        "reference": reference_to_bytes(made_reference(seed)),
    }
    sealed = [
        vault.seal(plain[part], context=json.dumps([part, old_id(seed), MODEL]))
        for part in ("profile", "reference")
    ]
    return (old_id(seed), vault.lookup(name), MODEL, vault.key_id, *sealed)
