"""What an enrolling session stores at its end."""

from __future__ import annotations

from stream_verifier.events.schema import Enrolled
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.store import IdentityStore
from stream_verifier.verify.pipeline import EnrolPipeline


class PendingEnrolment:
    """Keeps name and consent until the reference can be made."""

    def __init__(self, *, store: IdentityStore, name: str, consent: Consent, replace: bool) -> None:
        self._store = store
        self._name = name
        self._consent = consent
        self._replace = replace

    async def save(self, pipeline: EnrolPipeline, media_s: float) -> Enrolled:
        """Make the reference and store it.

        Raises:
            EnrolmentError: something is missing.
            StoreError, IdentityExistsError: it could not be stored.
        """
        reference = pipeline.reference()
        identity = await self._store.add(
            self._name, reference, self._consent, replace=self._replace
        )
        return Enrolled(
            media_s=media_s,
            identity=identity.name,
            id=identity.id,
            speech_s=identity.speech_s,
            faces=identity.face_count,
        )
