"""All that is held on one person, for that person: nothing of anybody else is in it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import NotRequired, TypedDict

import numpy as np

from model.runtime.reference import vectors_of
from model.types import Reference
from stream_verifier.audit.call_history import PastCall, pages_of
from stream_verifier.audit.deed import Actor, Deed, Detail, Kind
from stream_verifier.audit.entry import EntryFields, written
from stream_verifier.audit.seal import HeadFields
from stream_verifier.audit.trail import AuditTrail
from stream_verifier.identities.consent import ConsentFields
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.origin import OriginFields
from stream_verifier.identities.store import Holdings, IdentityStore

FORMAT = "stream-verifier person 1"
MOST_ENTRIES = 10_000
"""Of the trail, the newest; whoever has more of them is told so."""
_PAGE = 500


class IdentityFields(TypedDict):
    """Who is enrolled, when and by which way; times are ISO 8601."""

    id: str
    name: str
    enrolled_at: str
    origin: OriginFields | None
    replaces: str | None
    last_used: str | None


class ReferenceFields(TypedDict):
    """What a reference was made of, and what of it is stored."""

    model: str
    adapted_from: list[str]
    pictures: int
    speech_s: float
    widened: int
    parts: list[str]
    stored_bytes: int
    stored_sha256: str
    vectors: NotRequired[dict[str, list[float]]]


class TrailFields(TypedDict):
    """All entries on a person, and what they are checked with."""

    pseudonym: str
    entries: list[EntryFields]
    head: HeadFields
    public_key: str


class Dossier(TypedDict):
    """All that is held on one person, ready for JSON."""

    format: str
    made_at: str
    identity: IdentityFields
    consents: list[ConsentFields]
    reference: ReferenceFields
    calls: list[dict[str, object]]  # the fields of PastCall
    audit: TrailFields
    complete: bool


async def dossier(
    store: IdentityStore, name: str, *, actor: Actor, way: str, vectors: bool = False
) -> Dossier:
    """What is held on one person, ready for JSON; that it was handed out is an entry of the trail.

    Args:
        store: where it is.
        name: whose.
        actor: who asks.
        way: by which way, such as "HTTP".
        vectors: whether with the reference's, by which the person could be recognised.

    Raises:
        UnknownIdentityError: no identity of that name is enrolled.
        StoreError: it cannot be read, or the trail takes no entry: nothing is handed out.
    """
    held = await store.holdings(name, vectors=vectors)
    spelt = held.identity.name
    details: dict[str, Detail] = {"way": way, "identity": held.identity.id, "vectors": vectors}
    await store.audit.append(Deed(Kind.EXPORTED, actor, spelt, details=details))
    entries, complete = await _entries(store.audit, spelt)
    calls, all_calls = await _calls(store.audit, spelt)
    return {
        "format": FORMAT,
        "made_at": written(datetime.now(UTC)),
        "identity": _identity(held.identity, held),
        "consents": [
            consent.to_dict()
            for consent in (held.identity.consent, *reversed(held.identity.earlier_consents))
        ],
        "reference": _reference(held),
        "calls": [asdict(call) for call in calls],
        "audit": {
            "pseudonym": store.audit.pseudonym(spelt),
            "entries": entries,
            "head": (await store.audit.head()).fields,
            "public_key": store.audit.public_pem(),
        },
        "complete": complete and all_calls,
    }


def _identity(identity: Identity, held: Holdings) -> IdentityFields:
    return {
        "id": identity.id,
        "name": identity.name,
        "enrolled_at": identity.created_at.isoformat(),
        "origin": None if identity.origin is None else identity.origin.to_dict(),
        "replaces": identity.replaces,
        "last_used": None if held.last_used is None else held.last_used.isoformat(),
    }


def _reference(held: Holdings) -> ReferenceFields:
    identity, opened = held.identity, held.reference
    told: ReferenceFields = {
        "model": identity.model_id,
        "adapted_from": list(identity.adapted_from),
        "pictures": identity.face_count,
        "speech_s": round(identity.speech_s, 1),
        "widened": identity.widened,
        "parts": list(identity.parts),
        "stored_bytes": held.sealed_bytes,
        "stored_sha256": held.sealed_sha256,
    }
    return told if opened is None else {**told, "vectors": _vectors(opened)}


def _vectors(reference: Reference) -> dict[str, list[float]]:
    return {
        name: np.asarray(vector, np.float64).tolist()
        for name, vector in vectors_of(reference).items()
    }


async def _entries(trail: AuditTrail, name: str) -> tuple[list[EntryFields], bool]:
    """The newest entries on a person, oldest first, and whether these are all."""
    found: list[EntryFields] = []
    before: int | None = None
    while len(found) < MOST_ENTRIES:
        page = await trail.about(name, before=before, limit=_PAGE, newest_first=True)
        found += [entry.fields for entry in page]
        if len(page) < _PAGE:
            return found[::-1], True
        before = page[-1].number
    return found[::-1], False


async def _calls(trail: AuditTrail, name: str) -> tuple[list[PastCall], bool]:
    calls: list[PastCall] = []
    async for page in pages_of(trail, name):
        calls += page.calls
        if page.next is not None and len(calls) >= MOST_ENTRIES:
            return calls, False
    return calls, True
