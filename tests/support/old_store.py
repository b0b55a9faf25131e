"""Writes identity stores of schema versions 1 and 2, as earlier releases of this package did."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from model.runtime.reference_format import reference_to_bytes
from stream_verifier.identities.legacy import LegacyVault, _derive
from tests.support.places import is_on_server
from tests.support.stores import CONSENT, MODEL, change, made_reference

OLD_SECRET = bytes(range(32))
"""The secret of ``stores.KEY``."""

_TABLES = """
CREATE TABLE stream_verifier_schema (
    row INTEGER NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (row)
);
CREATE TABLE identities (
    id VARCHAR(32) NOT NULL, name_lookup BLOB NOT NULL, {version} model_id VARCHAR(200) NOT NULL,
    key_id VARCHAR(16) NOT NULL, sealed_profile BLOB NOT NULL, sealed_reference BLOB NOT NULL,
    PRIMARY KEY (id), UNIQUE (name_lookup)
);
"""
_VERSION = {1: "", 2: "version BIGINT NOT NULL,"}


def old_id(seed: int) -> str:
    return f"{seed:032x}"


def write_old_store(path: Path, people: Mapping[str, int], *, version: int = 1) -> None:
    """Write a store of these people; each reference is made of a seed, and so is its id.

    In version 2 it has no ledger yet: see `write_old_ledger`. A record's version is its seed.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    tables = _TABLES.format(version=_VERSION[version])
    if is_on_server(path):
        tables = tables.replace("BLOB", "BYTEA")
    for table in filter(str.strip, tables.split(";")):
        change(path, table)
    change(path, "INSERT INTO stream_verifier_schema VALUES (1, ?)", version)
    for name, seed in people.items():
        row = _row(name, seed, version)
        marks = ",".join("?" * len(row))
        put = f"INSERT INTO identities ({','.join(row)}) VALUES ({marks})"
        change(path, put, *row.values())


def write_old_ledger(
    path: Path,
    people: Mapping[str, int],
    *,
    pending: list[Any] | None = None,
) -> None:
    """Write the ledger of a store of version 2, in which these people are current."""
    vault = LegacyVault(OLD_SECRET)
    live = {vault.lookup(name).hex(): [seed, old_id(seed)] for name, seed in people.items()}
    counter = 9 + (pending is not None)
    body = json.dumps({"counter": counter, "live": live, "pending": pending}).encode()
    header = f"stream-verifier-ledger-1 {vault.key_id} {vault.sign(body)}\n".encode()
    path.write_bytes(header + body)


def _row(name: str, seed: int, version: int) -> dict[str, Any]:
    vault = LegacyVault(OLD_SECRET)
    profile: dict[str, Any] = {
        "name": name,
        "created_at": "2026-01-03T00:00:00+00:00",
        "consent": CONSENT.to_dict(),
        "face_count": 5,
        "speech_s": 9.5,
    }
    row: dict[str, Any] = {
        "id": old_id(seed),
        "name_lookup": vault.lookup(name),
        "model_id": MODEL,
        "key_id": vault.key_id,
    }
    if version == 2:
        row["version"] = seed
        profile |= {"origin": None, "replaces": None}
    sealed = b""
    for part, plain in (
        ("reference", reference_to_bytes(made_reference(seed))),
        ("profile", json.dumps(profile).encode()),
    ):
        context: list[Any] = [part, old_id(seed), MODEL]
        if version == 2:
            digest = hashlib.sha256(sealed).hexdigest()
            lookup = vault.lookup(name).hex()
            bound = [old_id(seed), lookup, seed, MODEL, vault.key_id, digest]
            context = ["record 2", part, *bound]
        sealed = _sealed(plain, json.dumps(context))
        row[f"sealed_{part}"] = sealed
    return row


def _sealed(plain: bytes, context: str) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(_derive(OLD_SECRET, b"seal")).encrypt(nonce, plain, context.encode())
