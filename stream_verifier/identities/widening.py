"""What it takes to add pictures and speech to a reference that is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from model.runtime import reference as references
from model.runtime.adapter import Adapters
from model.types import Reference
from stream_verifier.errors import AlreadyAddedError, OtherPersonError, UnknownIdentityError
from stream_verifier.identities.admission import (
    adapter_for,
    moved,
    refuse_if_lapsed,
    refuse_if_widened_enough,
)
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.likeness import ADDED_VOICE_COSINE, likeness
from stream_verifier.identities.parts import part_of
from stream_verifier.identities.renewal import with_new_consent


@dataclass(frozen=True, slots=True)
class Widening:
    """Adds to one identity, as it is when the store is locked.

    Attributes:
        widens: the id of the identity, and of no other of that name.
        more: what was seen and heard now.
        consent: what the person agreed to for it.
        adapters: what moves an older model's reference first.
        now: aware.
        supervised: whether somebody who answers for it watched.
    """

    widens: str
    more: Reference
    consent: Consent
    adapters: Adapters | None
    now: datetime
    supervised: bool = False

    def __call__(self, identity: Identity, reference: Reference) -> tuple[Identity, Reference]:
        """The identity and its reference with more in it.

        Raises:
            UnknownIdentityError: somebody else is enrolled by that name meanwhile.
            ConsentLapsedError: the earlier consent is no longer in force.
            StaleReferenceError: the reference is of a model from which nothing leads here.
            AlreadyAddedError: the very same is in it.
            EnrolmentError: it was added to as often as may be.
            OtherPersonError: the two are rather not one person's.
        """
        if identity.id != self.widens:
            raise UnknownIdentityError(
                f"{identity.name!r} was replaced meanwhile: nothing was stored."
            )
        refuse_if_lapsed(identity, self.now)
        part = part_of(identity.id, self.more)
        if part in identity.parts:
            raise AlreadyAddedError(
                f"These pictures and this speech are in the reference of {identity.name!r} "
                "already: nothing was added, as they would count twice."
            )
        refuse_if_widened_enough(identity)
        adapter = adapter_for(identity, self.more.model_id, self.adapters)
        old = reference if adapter is None else moved(identity, reference, adapter)
        if likeness(old, self.more, voice_cosine=ADDED_VOICE_COSINE) <= 0:
            raise OtherPersonError(
                f"What was seen and heard is rather not {identity.name!r}, so nothing was added: "
                "enrol that person alone, or replace the reference if it is the wrong one."
            )
        wide = references.widened(old, self.more)
        origin = identity.origin
        if origin is not None:  # of which all has to have been watched
            origin = replace(origin, supervised=origin.supervised and self.supervised)
        changed = replace(
            with_new_consent(identity, self.consent),
            model_id=wide.model_id,
            face_count=wide.face_count,
            speech_s=wide.speech_s,
            adapted_from=wide.adapted_from,
            origin=origin,
            widened=identity.widened + 1,
            parts=(*identity.parts, part),
        )
        return changed, wide
