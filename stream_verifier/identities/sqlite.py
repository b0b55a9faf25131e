"""The identity store in a SQL database: a SQLite file, or another by its URL."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from model.errors import ModelError
from model.runtime.reference import reference_from_bytes, reference_to_bytes
from model.types import Reference
from stream_verifier.errors import (
    ConsentError,
    IdentityExistsError,
    KeyMismatchError,
    StaleReferenceError,
    StoreError,
    UnknownIdentityError,
)
from stream_verifier.identities import tables
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.database import claim_file, open_engine, store_errors
from stream_verifier.identities.identity import Identity, normalise_name
from stream_verifier.identities.tables import identities
from stream_verifier.identities.vault import Vault


class SqliteIdentityStore:
    """Keeps references and consents encrypted in one database; an ``IdentityStore``.

    The database holds no name, consent or vector in the clear: names are found by a keyed hash,
    everything else personal is sealed (AES-256-GCM) and bound to its row and model. Deleting
    overwrites the data in a SQLite file; in PostgreSQL it stays on disk, still sealed, until
    VACUUM. Backups are out of its reach either way.

    Opens the database at first use, so that it can be made outside an event loop.

    Args:
        url: SQLAlchemy URL, such as ``sqlite+aiosqlite:///data/identities.db``. Missing
            directories are made for this user alone (0700), the file too (0600).
        key: 32 bytes, from ``load_or_create_key`` or ``parse_key``.

    Raises:
        SettingsError: the URL or the key is of no use.
    """

    def __init__(self, url: str, key: bytes) -> None:
        """Check the arguments; see the class."""
        self._vault = Vault(key)
        self._engine = open_engine(url)
        self._writing = asyncio.Lock()
        self._ready = False

    async def add(
        self, name: str, reference: Reference, consent: Consent, *, replace: bool = False
    ) -> Identity:
        """Store a reference; see ``IdentityStore.add``."""
        if not isinstance(consent, Consent):
            raise ConsentError("Nobody is enrolled without a consent record.")
        identity = _new_identity(normalise_name(name), reference, consent)
        row = self._seal(identity, reference)
        async with self._transaction(write=True) as connection:
            await self._refuse_other_keys(connection)
            if replace:
                await connection.execute(delete(identities).where(self._is(identity.name)))
            try:
                await connection.execute(insert(identities).values(row))
            except IntegrityError as error:
                raise IdentityExistsError(
                    f"{identity.name!r} is enrolled already: delete it first, or replace it."
                ) from error
        return identity

    async def list(self) -> list[Identity]:
        """All identities, by name."""
        async with self._transaction() as connection:
            await self._refuse_other_keys(connection)
            rows = (await connection.execute(select(identities))).mappings().all()
        return sorted((self._identity(row) for row in rows), key=lambda one: one.name)

    async def get(self, name: str) -> Identity:
        """One identity; see ``IdentityStore.get``."""
        return self._identity(await self._row(name))

    async def reference(self, name: str, *, model_id: str) -> Reference:
        """The stored reference of an identity; see ``IdentityStore.reference``."""
        row = await self._row(name)
        if row["model_id"] != model_id:
            raise StaleReferenceError(
                f"{normalise_name(name)!r} was enrolled with another model: enrol again."
            )
        plain = self._vault.open(row["sealed_reference"], context=_context(row, "reference"))
        try:
            return reference_from_bytes(plain)
        except ModelError as error:
            raise StoreError("A stored reference has another format: enrol again.") from error

    async def delete(self, name: str) -> None:
        """Delete an identity; see ``IdentityStore.delete``."""
        clean = normalise_name(name)
        async with self._transaction(write=True) as connection:
            result = await connection.execute(delete(identities).where(self._is(clean)))
            if not result.rowcount:
                await self._refuse_other_keys(connection)
                raise _unknown(clean)

    async def close(self) -> None:
        """Give back connections and threads; harmless when called again."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _transaction(self, *, write: bool = False) -> AsyncIterator[AsyncConnection]:
        with store_errors(self._engine.url):
            if write or not self._ready:
                # One writer at a time: waiting here costs less than waiting for a file lock.
                async with self._writing:
                    await self._prepare()
                    async with self._engine.begin() as connection:
                        yield connection
            else:
                async with self._engine.connect() as connection:
                    yield connection

    async def _prepare(self) -> None:
        if not self._ready:
            await asyncio.to_thread(claim_file, self._engine.url)
            await tables.prepare(self._engine)
            self._ready = True

    async def _row(self, name: str) -> Any:
        clean = normalise_name(name)
        async with self._transaction() as connection:
            result = await connection.execute(select(identities).where(self._is(clean)))
            row = result.mappings().one_or_none()
            if row is None:
                await self._refuse_other_keys(connection)
                raise _unknown(clean)
        return row

    async def _refuse_other_keys(self, connection: AsyncConnection) -> None:
        foreign = select(identities.c.id).where(identities.c.key_id != self._vault.key_id).limit(1)
        if await connection.scalar(foreign) is not None:
            raise KeyMismatchError(
                "The identity store was written with another key: give back the key file or the "
                "key setting it was made with. If that key is lost, so are the references: move "
                "the store away and enrol again."
            )

    def _is(self, clean_name: str) -> Any:
        return identities.c.name_lookup == self._vault.lookup(clean_name)

    def _seal(self, identity: Identity, reference: Reference) -> dict[str, object]:
        row: dict[str, object] = {
            "id": identity.id,
            "name_lookup": self._vault.lookup(identity.name),
            "model_id": identity.model_id,
            "key_id": self._vault.key_id,
        }
        for part, plain in (
            ("profile", _profile_to_bytes(identity)),
            ("reference", reference_to_bytes(reference)),
        ):
            row[f"sealed_{part}"] = self._vault.seal(plain, context=_context(row, part))
        return row

    def _identity(self, row: Any) -> Identity:
        plain = self._vault.open(row["sealed_profile"], context=_context(row, "profile"))
        return _profile_from_bytes(plain, id=row["id"], model_id=row["model_id"])


def _new_identity(name: str, reference: Reference, consent: Consent) -> Identity:
    return Identity(
        id=uuid.uuid4().hex,
        name=name,
        created_at=datetime.now(UTC),
        consent=consent,
        model_id=reference.model_id,
        face_count=reference.face_count,
        speech_s=reference.speech_s,
    )


def _context(row: Any, part: str) -> str:
    return json.dumps([part, row["id"], row["model_id"]])


def _profile_to_bytes(identity: Identity) -> bytes:
    profile = {
        "name": identity.name,
        "created_at": identity.created_at.isoformat(),
        "consent": identity.consent.to_dict(),
        "face_count": identity.face_count,
        "speech_s": identity.speech_s,
    }
    return json.dumps(profile).encode()


def _profile_from_bytes(plain: bytes, *, id: str, model_id: str) -> Identity:  # noqa: A002
    try:
        # Checked by what it is made into.
        profile: dict[str, Any] = json.loads(plain)
        profile["created_at"] = datetime.fromisoformat(profile["created_at"])
        profile["consent"] = Consent.from_dict(profile["consent"])
        return Identity(id=id, model_id=model_id, **profile)
    except (ConsentError, KeyError, TypeError, ValueError) as error:
        raise StoreError("A stored record has another format: enrol again.") from error


def _unknown(name: str) -> UnknownIdentityError:
    return UnknownIdentityError(f"Nobody is enrolled as {name!r}: enrol first, or check the name.")
