"""What an enrolling session stores at its end."""

from __future__ import annotations

from model.runtime.adapter import Adapters
from stream_verifier.audit.deed import Actor
from stream_verifier.events.schema import Enrolled
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.likeness import likeness_to_enrolled
from stream_verifier.identities.origin import Origin
from stream_verifier.identities.store import IdentityStore
from stream_verifier.verify.enrol_pipeline import EnrolPipeline

_WAY = "call"


class PendingEnrolment:
    """Keeps name and consent until the reference can be made.

    Args:
        store: where it goes.
        name: whom to enrol.
        consent: what the person agreed to.
        replaces: who is enrolled by that name and is to be replaced; None: nobody was.
        by: who shows a token for it.
        adapters: what moves an older model's reference, to compare it with the new one.
    """

    def __init__(
        self,
        *,
        store: IdentityStore,
        name: str,
        consent: Consent,
        replaces: Identity | None,
        by: Actor,
        adapters: Adapters | None = None,
    ) -> None:
        self._store = store
        self._name = name
        self._consent = consent
        self._replaces = replaces
        self._by = by
        self._adapters = adapters

    async def save(self, pipeline: EnrolPipeline, media_s: float) -> Enrolled:
        """Make the reference and store it, in place of the very one that was there at the start.

        Raises:
            EnrolmentError: something is missing.
            UnknownIdentityError: who was to be replaced has been deleted meanwhile.
            StoreError, IdentityExistsError: it could not be stored.
        """
        reference = pipeline.reference()
        old, similarity = self._replaces, None
        if old is not None:
            similarity = await likeness_to_enrolled(
                self._store, self._name, reference, adapters=self._adapters
            )
        identity = await self._store.add(
            self._name,
            reference,
            self._consent,
            replace=old is not None,
            replaces=None if old is None else old.id,
            origin=Origin(way=_WAY, by=self._by.token_id, replaced_similarity=similarity),
            actor=self._by,
        )
        return Enrolled(
            media_s=media_s,
            identity=identity.name,
            id=identity.id,
            speech_s=identity.speech_s,
            faces=identity.face_count,
            replaced=old is not None,
            resembles_replaced=None if similarity is None else similarity > 0,
        )
