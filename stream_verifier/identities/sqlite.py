"""The identity store in a SQL database: a SQLite file, or another by its URL."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from model.runtime.adapter import Adapters
from model.types import Reference
from stream_verifier.audit.deed import UNKNOWN, Actor, Deed, Kind
from stream_verifier.audit.receipt import Receipt
from stream_verifier.audit.seal import Sealer
from stream_verifier.audit.sql_trail import SqlAuditTrail
from stream_verifier.errors import ConsentError, SettingsError
from stream_verifier.identities.admission import (
    adapter_for,
    moved,
    refuse_if_lapsed,
)
from stream_verifier.identities.backup import Backup
from stream_verifier.identities.books import Books
from stream_verifier.identities.consent import Consent, Standing
from stream_verifier.identities.database import is_in_memory, open_engine
from stream_verifier.identities.identity import Identity, new_name, normalise_name
from stream_verifier.identities.kept_events import KeptEvents
from stream_verifier.identities.keyring import KeyRing
from stream_verifier.identities.keys import KEY_BYTES
from stream_verifier.identities.ledger_file import LedgerFile, LedgerInMemory, LedgerPlace
from stream_verifier.identities.moving import Moving
from stream_verifier.identities.origin import Origin
from stream_verifier.identities.pages import Pages
from stream_verifier.identities.parts import part_of
from stream_verifier.identities.reader import Reader
from stream_verifier.identities.record import open_reference
from stream_verifier.identities.renewal import recorded, with_new_consent
from stream_verifier.identities.restore import Restore
from stream_verifier.identities.retention import Retention, Rules
from stream_verifier.identities.rotation import Rotation
from stream_verifier.identities.store import MOST_LISTED, Holdings, IdentityPage, OnChange
from stream_verifier.identities.vault import Vault
from stream_verifier.identities.widening import Widening
from stream_verifier.identities.writer import Kept, Writer

POLL_S = 0.75


class SqliteIdentityStore:
    """Keeps references and consents encrypted in one database; an ``IdentityStore``.

    The database holds no name, consent or vector in the clear: names are found by a keyed hash,
    everything else personal is sealed (AES-256-GCM) under a data key of the row, which a master key
    wraps, and all columns of a row are bound together. Vectors are turned, each person's in another
    way.
    A ledger outside of the database names the current record of each name, so that an older copy
    of the database brings nobody back. Deleting overwrites the data in a SQLite file; in
    PostgreSQL it stays on disk, still sealed, until VACUUM. Backups are out of its reach either
    way, but for the ledger.

    Opens the database at first use, so that it can be made outside an event loop.

    Args:
        url: SQLAlchemy URL, such as ``sqlite+aiosqlite:///data/identities.db``. Missing
            directories are made for this user alone (0700), the file too (0600).
        keys: the master keys that are valid.
        ledger: the ledger's file; only a database in memory needs none.
        audit_key: 32 bytes that sign the audit trail; only a database in memory needs none.
        now: gives an aware time.
        poll_s: seconds between two looks for what other processes deleted, where somebody watches.

    Raises:
        SettingsError: the URL is of no use.
    """

    def __init__(
        self,
        url: str,
        keys: KeyRing,
        *,
        ledger: Path | None = None,
        audit_key: bytes | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        poll_s: float = POLL_S,
    ) -> None:
        self._vault = Vault(keys)
        self._now = now
        engine = open_engine(url)
        place: LedgerPlace
        if is_in_memory(engine.url):
            place = LedgerInMemory()
            audit_key = audit_key or secrets.token_bytes(KEY_BYTES)
        elif ledger is None or audit_key is None:
            raise SettingsError(
                "Only a store in memory may lack a ledger and an audit key: name them."
            )
        else:
            place = LedgerFile(ledger, self._vault)
        self._books = Books(engine, self._vault, place, poll_s=poll_s)
        self._reader = Reader(self._books, self._vault)
        self._trail = SqlAuditTrail(
            self._books.transaction, self._books.reading, Sealer(audit_key), now=now
        )
        self._writer = Writer(self._books, self._vault, self._reader, self._trail, now=now)
        self._kept_events = KeptEvents(self._books, self._vault, self._trail, now=now)

    @property
    def audit(self) -> SqlAuditTrail:
        """See ``IdentityStore.audit``."""
        return self._trail

    @property
    def kept_events(self) -> KeptEvents:
        """Events of calls that outlast their server; a deleted person's go with the reference."""
        return self._kept_events

    async def add(
        self,
        name: str,
        reference: Reference,
        consent: Consent,
        *,
        replace: bool = False,
        replaces: str | None = None,
        origin: Origin | None = None,
        actor: Actor = UNKNOWN,
    ) -> Identity:
        """Store a reference; see ``IdentityStore.add``."""
        if not isinstance(consent, Consent):
            raise ConsentError("Nobody is enrolled without a consent record.")
        spelt = normalise_name(name) if replace else new_name(name)
        consent = recorded(consent, origin)
        identity = _new_identity(spelt, reference, consent, origin, now=self._now())
        return await self._writer.add(
            identity, reference, actor, replace=replace, replaces=replaces
        )

    async def widen(
        self,
        name: str,
        more: Reference,
        consent: Consent,
        *,
        widens: str,
        origin: Origin | None = None,
        adapters: Adapters | None = None,
        actor: Actor = UNKNOWN,
    ) -> Identity:
        """Add to a reference; see ``IdentityStore.widen``."""
        if not isinstance(consent, Consent):
            raise ConsentError("Nothing is added to a reference without a consent record.")
        agreed = recorded(consent, origin)
        supervised = origin is not None and origin.supervised
        wider = Widening(widens, more, agreed, adapters, self._now(), supervised)
        return await self._writer.reseal(normalise_name(name), wider, Kind.REFERENCE_WIDENED, actor)

    async def list(self) -> list[Identity]:
        """All identities, by name."""
        return await self._reader.all()

    async def page(
        self,
        cursor: str | None = None,
        *,
        limit: int = MOST_LISTED,
        search: str = "",
        standing: Standing | None = None,
    ) -> IdentityPage:
        """Some of all identities; see ``IdentityStore.page``."""
        pages = Pages(self._books, self._vault, self._reader.open, now=self._now)
        return await pages.read(cursor, limit=limit, search=search, standing=standing)

    async def get(self, name: str) -> Identity:
        """One identity; see ``IdentityStore.get``."""
        return (await self._reader.find(normalise_name(name)))[0]

    async def reference(
        self, name: str, *, model_id: str, adapters: Adapters | None = None
    ) -> Reference:
        """The stored reference of an identity; see ``IdentityStore.reference``."""
        identity, record = await self._reader.find(normalise_name(name))
        adapter = adapter_for(identity, model_id, adapters)
        refuse_if_lapsed(identity, self._now())
        reference = await asyncio.to_thread(open_reference, self._vault, record)
        return reference if adapter is None else moved(identity, reference, adapter)

    async def renew(self, name: str, *, actor: Actor = UNKNOWN) -> Identity:
        """Store an identity's reference anew; see ``IdentityStore.renew``."""
        return await self._writer.reseal(
            normalise_name(name), lambda *old: old, Kind.REFERENCE_RENEWED, actor
        )

    async def note_use(self, name: str, deed: Deed) -> None:
        """Write that a reference is used; see ``IdentityStore.note_use``."""
        await self._writer.note_use(await self.get(name), deed)

    async def renew_consent(
        self, name: str, consent: Consent, *, actor: Actor = UNKNOWN
    ) -> Identity:
        """Record a new consent; see ``IdentityStore.renew_consent``."""
        if not isinstance(consent, Consent):
            raise ConsentError("Nobody stays enrolled without a consent record.")

        def renewed(identity: Identity, reference: Reference) -> Kept:
            return with_new_consent(identity, consent), reference

        return await self._writer.reseal(normalise_name(name), renewed, Kind.CONSENT_RENEWED, actor)

    async def withdraw_consent(self, name: str, *, actor: Actor = UNKNOWN) -> Identity:
        """Take a consent back; see ``IdentityStore.withdraw_consent``."""

        def withdrawn(identity: Identity, reference: Reference) -> Kept:
            at = identity.consent.withdrawn_at or self._now()
            consent = dataclasses.replace(identity.consent, withdrawn_at=at)
            return dataclasses.replace(identity, consent=consent), reference

        return await self._writer.reseal(
            normalise_name(name), withdrawn, Kind.CONSENT_WITHDRAWN, actor
        )

    async def holdings(self, name: str, *, vectors: bool = False) -> Holdings:
        """All that is kept on one person; see ``IdentityStore.holdings``."""
        return await self._reader.holdings(normalise_name(name), vectors=vectors)

    async def delete(self, name: str, *, actor: Actor = UNKNOWN) -> Receipt:
        """Delete an identity; see ``IdentityStore.delete``."""
        return await self._writer.delete(normalise_name(name), actor)

    def lookup(self, name: str) -> str:
        """What a change calls a name; see ``IdentityStore.lookup``."""
        return self._vault.lookup(normalise_name(name)).hex()

    def watch(self, on_change: OnChange) -> Callable[[], None]:
        """Be told of deletions and replacements; see ``IdentityStore.watch``."""
        return self._books.watch.watch(on_change)

    def restore(self) -> Restore:
        """What to do about records that are refused, for whoever runs the server."""
        return Restore(self._books, self._vault, self._trail)

    def retention(self, rules: Rules) -> Retention:
        """The clock by which references and entries go."""
        return Retention(
            self._books, self._vault, self._trail, rules, now=self._now, events=self._kept_events
        )

    def backup(self) -> Backup:
        """How to copy the store into a file and back, for whoever runs the server."""
        return Backup(self._books, self._vault, self._trail)

    def moving(self, adapters: Adapters) -> Moving:
        """How to move references of older models, for whoever runs the server."""
        return Moving(self._books, self._vault, self._reader, self._trail, adapters, now=self._now)

    def rotation(self) -> Rotation:
        """How to bring the store under another master key, for whoever runs the server."""
        return Rotation(self._books, self._vault, self._trail)

    async def close(self) -> None:
        """Give back connections and threads; harmless when called again."""
        await self._books.close()


def _new_identity(
    name: str, reference: Reference, consent: Consent, origin: Origin | None, *, now: datetime
) -> Identity:
    identity_id = uuid.uuid4().hex
    return Identity(
        id=identity_id,
        name=name,
        created_at=now,
        consent=consent,
        model_id=reference.model_id,
        face_count=reference.face_count,
        speech_s=reference.speech_s,
        origin=origin,
        parts=(part_of(identity_id, reference),),
    )
