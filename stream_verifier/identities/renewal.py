"""How one consent follows on another, and how the audit trail tells of both."""

from __future__ import annotations

from dataclasses import replace

from stream_verifier.audit.deed import Actor, Deed, Kind
from stream_verifier.audit.entry import written
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.origin import Origin

MOST_EARLIER = 10
"""Consents kept beside the newest, with their words; of all, the trail keeps the digests."""
MOST_ADDED = MOST_EARLIER
"""Additions to a reference: the consent to each part of it is kept as long as that part."""


def with_new_consent(
    identity: Identity, consent: Consent, *, after: Identity | None = None
) -> Identity:
    """An identity with another consent, the next in number, and those before beside it.

    Args:
        identity: whose it is.
        consent: what the person agreed to now.
        after: whose consents come before; by default its own.
    """
    before = identity if after is None else after
    earlier = (*before.earlier_consents, before.consent)[-MOST_EARLIER:]
    numbered = replace(consent, version=before.consent.version + 1)
    return replace(identity, consent=numbered, earlier_consents=earlier)


def recorded(consent: Consent, origin: Origin | None) -> Consent:
    """A consent that says who wrote it down: whoever enrols, where it does not say so itself."""
    if origin is None or consent.recorded_by:
        return consent
    return replace(consent, recorded_by=origin.by, way=origin.way)


def told(kind: Kind, identity: Identity, actor: Actor) -> Deed:
    """What the trail says of a change to an identity: ids, counts and digests."""
    consent = identity.consent
    return Deed(
        kind,
        actor,
        identity.name,
        details={
            "identity": identity.id,
            "replaces": identity.replaces,
            "faces": identity.face_count,
            "consent_version": consent.version,
            "consent_until": None if consent.ended_at is None else written(consent.ended_at),
        },
        hidden={"consent_text": consent.text_sha256},
    )
