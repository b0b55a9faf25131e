"""What the rest of the package knows of the place where references are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol, TypeAlias

from model.runtime.adapter import Adapters
from model.types import Reference
from stream_verifier.audit.deed import UNKNOWN, Actor, Deed
from stream_verifier.audit.receipt import Receipt
from stream_verifier.audit.trail import AuditTrail
from stream_verifier.errors import RefusedRecordError
from stream_verifier.identities.consent import Consent, Standing
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.origin import Origin


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an identity whose reference somebody may still hold.

    Attributes:
        what: "deleted", or "replaced" by another reference of the same name. Deleted and enrolled
            again between two looks is told as replaced. "renewed" is the same identity with
            another record of consent, a wider reference, or the same one stored anew.
        lookup: of the name, as :meth:`IdentityStore.lookup` gives it; safe to log.
        identity_id: the identity that is no more.
        new_id: the one in its place; None when deleted.
    """

    what: Literal["deleted", "replaced", "renewed"]
    lookup: str
    identity_id: str
    new_id: str | None


MOST_LISTED = 200
"""Identities on one page."""
OnChange: TypeAlias = "Callable[[Change], None]"


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is kept on one person.

    Attributes:
        identity: the person, with all consents.
        last_used: the day of the last call, if any.
        sealed_bytes: size of the stored reference.
        sealed_sha256: hexadecimal digest of it, encrypted as it lies in the store.
        reference: the vectors, where they were asked for.
    """

    identity: Identity
    last_used: date | None
    sealed_bytes: int
    sealed_sha256: str
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class IdentityPage:
    """Some of those who are enrolled.

    Attributes:
        identities: in the order of their ids, which are random; before them one whose whole name
            was searched for.
        next: where the next page begins; None: this is the last. A page that is filtered may be
            short, or empty, and have a next all the same.
        enrolled: how many are enrolled in all, whatever was searched for.
        refused: why records of this page are not among them: changed, or older copies.
    """

    identities: tuple[Identity, ...]
    next: str | None
    enrolled: int
    refused: tuple[RefusedRecordError, ...] = ()


class IdentityStore(Protocol):
    """Keeps references, encrypted, each under a name and with its consent.

    Every method may raise ``StoreError`` (the store cannot be used, the message says what to
    do), ``RefusedRecordError`` (a record was changed, or is an older copy that was put back),
    ``KeyMismatchError`` (it was written with another key) and, where it takes a name,
    ``IdentityError`` (no valid name). Safe to use from many tasks of one event loop, and from
    several processes of one machine. A change that raised or was cancelled is made whole or not at
    all; one that returned stays made, whatever copy of the database is put back. Each change and
    its entry in the audit trail come about together or not at all.
    """

    @property
    def audit(self) -> AuditTrail:
        """Where changes, and whatever else is worth it, are written down."""
        ...

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
        """Store a reference under a new name, or in place of an old one.

        Args:
            name: whom to enrol.
            reference: what was seen and heard.
            consent: what the person agreed to.
            replace: whether it may take the place of an older one.
            replaces: the id of the identity it is to take the place of, and of no other: what was
                enrolled when a long enrolment began. None: of whatever is there.
            origin: by whom and by which way; kept with the record.
            actor: by whom, as the audit trail tells it.

        Raises:
            ConsentError: ``consent`` is no consent record.
            IdentityExistsError: the name is taken and ``replace`` is false, or by another than
                the one that ``replaces`` names.
            UnknownIdentityError: the one that ``replaces`` names was deleted.
        """
        ...

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
        """Add what was seen and heard of a person to that person's reference.

        The identity stays the same; running calls go on with the reference as it was.

        Args:
            name: whose.
            more: of the model in use; both faces and voices have to be rather one person's.
            consent: what the person agreed to for it; it follows on the one there.
            widens: the id of the identity, and of no other of that name.
            origin: by whom and by which way, which goes into the consent; where nobody watched,
                the reference counts as supervised no more.
            adapters: of the model in use, for a reference of an older one.
            actor: by whom, as the audit trail tells it.

        Raises:
            ConsentError: ``consent`` is no consent record.
            ConsentLapsedError: the earlier consent was withdrawn or has expired.
            AlreadyAddedError: the very same was enrolled or added before.
            EnrolmentError: it was added to as often as consents are kept.
            OtherPersonError: the two are rather not one person's.
            StaleReferenceError: the reference was made by another model, and cannot be moved.
            UnknownIdentityError: no such identity is enrolled.
        """
        ...

    async def list(self) -> list[Identity]:
        """All identities, by name: of a small store. What it takes grows with their number."""
        ...

    async def page(
        self,
        cursor: str | None = None,
        *,
        limit: int = MOST_LISTED,
        search: str = "",
        standing: Standing | None = None,
    ) -> IdentityPage:
        """Some of all identities, in an order that stays whatever changes meanwhile.

        Whoever is there from the first page to the last is on just one of them.

        Args:
            cursor: where to go on, as the page before said; None: at the beginning.
            limit: so many at most, `MOST_LISTED` whatever is asked for.
            search: the beginning of an id, or a whole name in any spelling. Parts of names are
                found by nobody: the store has only keyed hashes of whole ones.
            standing: of the consent of those to list; None: whatever it is.

        Raises:
            CursorError: no page gave such a cursor.
        """
        ...

    async def get(self, name: str) -> Identity:
        """One identity.

        Raises:
            UnknownIdentityError: no identity of that name is enrolled.
        """
        ...

    async def reference(
        self, name: str, *, model_id: str, adapters: Adapters | None = None
    ) -> Reference:
        """The stored reference, for the model in use.

        Args:
            name: whose.
            model_id: the embedding space of the model in use.
            adapters: of that model. One of an older model that they lead from is moved as it is
                read, and stays in the store as it is; none is moved twice so. None: nothing is
                given that was moved, now or before.

        Raises:
            UnknownIdentityError: no identity of that name is enrolled.
            StaleReferenceError: it was made by another model, and cannot be moved.
            ConsentLapsedError: the consent was withdrawn or has expired.
        """
        ...

    async def renew(self, name: str, *, actor: Actor = UNKNOWN) -> Identity:
        """Store an identity's reference under another data key and turned another way.

        The person is not needed, and who calls as that person notices nothing. Copies of the record
        as it was before are refused.

        Raises:
            UnknownIdentityError: no identity of that name is enrolled.
        """
        ...

    async def note_use(self, name: str, deed: Deed) -> None:
        """Write that somebody's reference is used today, and the entry for what it is used for.

        Raises:
            UnknownIdentityError: no identity of that name is enrolled.
        """
        ...

    async def renew_consent(
        self, name: str, consent: Consent, *, actor: Actor = UNKNOWN
    ) -> Identity:
        """Put a new record of consent in the place of the one there, which is kept beside it.

        Raises:
            UnknownIdentityError: no identity of that name is enrolled.
        """
        ...

    async def withdraw_consent(self, name: str, *, actor: Actor = UNKNOWN) -> Identity:
        """Take a consent back: the reference is used no more, and goes when its time comes.

        Raises:
            UnknownIdentityError: no identity of that name is enrolled.
        """
        ...

    async def holdings(self, name: str, *, vectors: bool = False) -> Holdings:
        """All that is kept on one person, whatever the consent is.

        Args:
            name: whose.
            vectors: whether with those of the reference, to be given to that person alone.

        Raises:
            UnknownIdentityError: no identity of that name is enrolled.
        """
        ...

    async def delete(self, name: str, *, actor: Actor = UNKNOWN) -> Receipt:
        """Delete an identity with its reference and consent, beyond recovery.

        Returns:
            the proof that it was done, for the person.

        Raises:
            UnknownIdentityError: no identity of that name is enrolled.
        """
        ...

    def lookup(self, name: str) -> str:
        """What :class:`Change` calls a name: a keyed hash of it, hexadecimal.

        Raises:
            IdentityError: no valid name.
        """
        ...

    def watch(self, on_change: OnChange) -> Callable[[], None]:
        """Be told when an identity is deleted or replaced, until the returned function is called.

        What this store does is told before its ``delete`` or ``add`` returns; what another
        process does, such as the command line beside a server, within a second. Whoever watches
        before asking for a reference misses nothing that becomes of that reference.

        Args:
            on_change: called on the running event loop; must return at once. What it raises is
                logged and keeps nobody else from being told.
        """
        ...

    async def close(self) -> None:
        """Give back connections and threads; harmless when called again."""
        ...
