"""One row of the store: what is sealed in it, and how its columns hold together."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, NotRequired, TypedDict

from sqlalchemy import and_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from model.errors import ModelError
from model.runtime.reference_format import reference_from_bytes, reference_to_bytes
from model.types import Reference
from stream_verifier.errors import (
    ConsentError,
    EnrolmentError,
    RefusedRecordError,
    StoreError,
)
from stream_verifier.identities import vault as vaults
from stream_verifier.identities.consent import Consent, ConsentFields
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.ledger import Standing
from stream_verifier.identities.origin import Origin, OriginFields
from stream_verifier.identities.shards import Entry
from stream_verifier.identities.tables import identities
from stream_verifier.identities.transform import SEED_BYTES, new_seed, turn, turn_back
from stream_verifier.identities.vault import Vault

_HOW_TO_SEE = "See it with  stream-verifier identities refused"
_OUTDATED: dict[Standing, str] = {
    "deleted": "was deleted, and is there again as from an older copy of the store",
    "replaced": "was replaced since, and is there again as from an older copy of the store",
    "ahead": "is newer than the ledger, which must be an older copy",
}


@dataclass(frozen=True, slots=True)
class Record:
    """A row as it lies in the database; nothing in it is to be believed before it is opened.

    Attributes:
        id: random, never used again.
        name_lookup: keyed hash of the name, 32 bytes.
        version: higher than that of every record stored before.
        model_id: the embedding space of the reference.
        key_id: names the master key that wraps its data key.
        wrapped_key: its data key, which seals nothing else; another master key may wrap it anew.
        sealed_profile: name, consent and all else of the ``Identity``.
        sealed_reference: the vectors, turned, and the seed that turns them back.
    """

    id: str
    name_lookup: bytes
    version: int
    model_id: str
    key_id: str
    wrapped_key: bytes
    sealed_profile: bytes
    sealed_reference: bytes

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Record:
        """Take a row in.

        Raises:
            RefusedRecordError: a column holds another kind of value than was ever written.
        """
        values: dict[str, Any] = {  # whatever lies there; seen right below
            name: bytes(value) if isinstance(value, memoryview) else value
            for name, value in row.items()
        }
        record = cls(**values)
        kinds = (str, bytes, int, str, str, bytes, bytes, bytes)
        if any(type(value) is not kind for value, kind in zip(values.values(), kinds, strict=True)):
            raise changed(record.id)
        return record

    def columns(self) -> dict[str, str | bytes | int]:
        """The row again."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @property
    def entry(self) -> Entry:
        """What the ledger keeps of it."""
        return Entry(self.version, self.id)


def seal(vault: Vault, identity: Identity, reference: Reference) -> Record:
    """Make the row of an identity and its reference, under a new data key and with a new turn.

    Raises:
        StoreError: the master key's device or service did not wrap the data key.
    """
    bare = Record(
        id=identity.id,
        name_lookup=vault.lookup(identity.name),
        version=identity.version,
        model_id=identity.model_id,
        key_id=vault.key_id,
        wrapped_key=b"",
        sealed_profile=b"",
        sealed_reference=b"",
    )
    data_key, seed = vaults.new_key(), new_seed()
    plain = seed + reference_to_bytes(turn(reference, seed))
    half = replace(bare, sealed_reference=vaults.seal(data_key, plain, context=_context(bare)))
    profile = vaults.seal(data_key, _profile_to_bytes(identity), context=_context(half))
    wrapped = vault.ring.get(bare.key_id).wrap(data_key, _wrapping(bare))
    return replace(half, sealed_profile=profile, wrapped_key=wrapped)


def rewrap(vault: Vault, record: Record, key_id: str) -> Record:
    """Wrap the data key of a row under another master key; what is sealed stays as it is.

    Whichever key it is under: whether that may be is for the caller to say.

    Raises:
        RefusedRecordError: a column was changed.
        KeyMismatchError: one of the two keys is not here.
        StoreError: a key's device or service failed.
    """
    if not record.wrapped_key:
        raise changed(record.id)
    other = replace(record, key_id=key_id)
    wrapped = vault.ring.get(key_id).wrap(_data_key(vault, record), _wrapping(other))
    return replace(other, wrapped_key=wrapped)


async def write_key(connection: AsyncConnection, record: Record, old: Record | None = None) -> None:
    """Write the wrapped data key of a row.

    Args:
        connection: in a transaction.
        record: as :func:`rewrap` gave it.
        old: only if it is still this one, and was not replaced or deleted since it was read.
    """
    same = identities.c.id == record.id
    if old is not None:
        same = and_(same, identities.c.wrapped_key == old.wrapped_key)
    values = {"key_id": record.key_id, "wrapped_key": record.wrapped_key}
    await connection.execute(update(identities).where(same).values(values))


def open_identity(vault: Vault, record: Record) -> Identity:
    """Open a row, all columns of which must be those that were stored together.

    Raises:
        RefusedRecordError: any column was changed, or comes from another row or version.
        KeyMismatchError: it is under a key that is not here.
        StoreError: what is sealed has another format.
    """
    plain = _open(vault, record, record.sealed_profile, _context(record))
    try:
        identity = _identity(record, json.loads(plain))
    except (ConsentError, EnrolmentError, KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"{named(record.id)} of the identity store has another format: enrol again."
        ) from error
    if vault.lookup(identity.name) != record.name_lookup:
        raise changed(record.id)
    return identity


def open_reference(vault: Vault, record: Record) -> Reference:
    """Open the vectors of a row that :func:`open_identity` accepted.

    Raises:
        RefusedRecordError, KeyMismatchError: see :func:`open_identity`.
        StoreError: what is sealed has another format.
    """
    bare = replace(record, sealed_reference=b"")
    plain = _open(vault, record, record.sealed_reference, _context(bare))
    try:
        return turn_back(reference_from_bytes(plain[SEED_BYTES:]), plain[:SEED_BYTES])
    except ModelError as error:
        raise StoreError(
            f"The reference of {named(record.id).lower()} has another format: enrol again."
        ) from error


def changed(record_id: object) -> RefusedRecordError:
    """The error about a row that is not as it was stored."""
    return RefusedRecordError(
        f"{named(record_id)} of the identity store is damaged or was changed: put a backup of the "
        f"store back, or erase that record and enrol again. {_HOW_TO_SEE}."
    )


def outdated(record: Record, standing: Standing) -> RefusedRecordError:
    """The error about a row that is whole but not the current one of its name."""
    return RefusedRecordError(
        f"{named(record.id)} of the identity store {_OUTDATED[standing]}: put the right copies of "
        "store and ledger back, erase that record with  stream-verifier identities erase-refused"
        ", or accept it with  stream-verifier identities accept-restore . "
        f"{_HOW_TO_SEE}."
    )


def named(record_id: object) -> str:
    """A record by its id; somebody may have written anything into that column."""
    if isinstance(record_id, str) and re.fullmatch(r"[0-9a-f]{32}", record_id):
        return f"Record {record_id}"
    return f"Record {ascii(record_id)[:40]}"


def _open(vault: Vault, record: Record, sealed: bytes, context: str) -> bytes:
    data_key = _data_key(vault, record)
    if record.key_id not in vault.key_ids:
        raise RefusedRecordError(
            f"{named(record.id)} of the identity store is under a master key that the store was "
            "taken off, as in an older copy: put the right copy back, or accept it with  "
            f"stream-verifier identities accept-restore . {_HOW_TO_SEE}."
        )
    try:
        return vaults.unseal(data_key, sealed, context=context)
    except RefusedRecordError as error:
        raise changed(record.id) from error


def _data_key(vault: Vault, record: Record) -> bytes:
    master = vault.ring.get(record.key_id)
    try:
        return master.unwrap(record.wrapped_key, _wrapping(record))
    except RefusedRecordError as error:
        raise changed(record.id) from error


def _wrapping(record: Record) -> bytes:
    """What a wrapped data key is bound to: the row, the name and the master key."""
    lookup = record.name_lookup.hex()
    columns = [record.id, lookup, record.version, record.model_id, record.key_id]
    return json.dumps(["data key 3", *columns]).encode()


def _context(record: Record) -> str:
    """All columns but the key's, whose data key is of this row alone, and the one sealed in it.

    The profile's holds the sealed reference too.
    """
    kind = "profile" if record.sealed_reference else "reference"
    digest = hashlib.sha256(record.sealed_reference).hexdigest()
    lookup = record.name_lookup.hex()
    columns = [record.id, lookup, record.version, record.model_id, digest]
    return json.dumps(["record 3", kind, *columns])


class _Profile(TypedDict):
    """What is sealed of an identity beside its row's columns; in JSON."""

    name: str
    created_at: str
    consent: ConsentFields
    face_count: int
    speech_s: float
    origin: OriginFields | None
    replaces: str | None
    earlier_consents: list[ConsentFields]
    adapted_from: NotRequired[tuple[str, ...]]
    widened: NotRequired[int]
    parts: NotRequired[tuple[str, ...]]


def _profile_to_bytes(identity: Identity) -> bytes:
    origin = identity.origin
    profile: _Profile = {
        "name": identity.name,
        "created_at": identity.created_at.isoformat(),
        "consent": identity.consent.to_dict(),
        "face_count": identity.face_count,
        "speech_s": identity.speech_s,
        "origin": None if origin is None else origin.to_dict(),
        "replaces": identity.replaces,
        "earlier_consents": [consent.to_dict() for consent in identity.earlier_consents],
    }
    if identity.adapted_from:
        profile["adapted_from"] = identity.adapted_from
    if identity.widened:
        profile["widened"] = identity.widened
    if identity.parts:
        profile["parts"] = identity.parts
    return json.dumps(profile).encode()


# What was sealed may be of an older release: the constructors say whether it is all there.
def _identity(record: Record, profile: dict[str, Any]) -> Identity:
    origin = profile.pop("origin")
    earlier = profile.pop("earlier_consents", [])
    adapted_from = tuple(map(str, profile.pop("adapted_from", [])))
    parts = tuple(map(str, profile.pop("parts", [])))
    return Identity(
        id=record.id,
        model_id=record.model_id,
        version=record.version,
        created_at=datetime.fromisoformat(profile.pop("created_at")),
        consent=Consent.from_dict(profile.pop("consent")),
        origin=None if origin is None else Origin.from_dict(origin),
        earlier_consents=tuple(Consent.from_dict(consent) for consent in earlier),
        adapted_from=adapted_from,
        parts=parts,
        **profile,
    )
