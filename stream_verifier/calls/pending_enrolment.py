"""What an enrolling session stores at its end."""

from __future__ import annotations

from model.runtime.adapter import Adapters
from stream_verifier.events.schema import Enrolled
from stream_verifier.identities.destination import Destination
from stream_verifier.identities.store import IdentityStore
from stream_verifier.verify.enrol_pipeline import EnrolPipeline

WAY = "call"


class PendingEnrolment:
    """Keeps name and consent until the reference can be made.

    Args:
        store: where it goes.
        destination: under which name, by whom, and what becomes of who is enrolled by it.
        adapters: what moves an older model's reference, to compare it with the new one.
    """

    def __init__(
        self, store: IdentityStore, destination: Destination, adapters: Adapters | None = None
    ) -> None:
        self._store = store
        self._destination = destination
        self._adapters = adapters

    async def save(self, pipeline: EnrolPipeline, media_s: float) -> Enrolled:
        """Make the reference and store it, in place of the very one that was there at the start.

        Raises:
            EnrolmentError: something is missing.
            OtherPersonError: what would be added is rather not the same person's.
            UnknownIdentityError: who was to be replaced or added to has been deleted meanwhile.
            ConsentLapsedError, StaleReferenceError: there is nothing any more to add to.
            StoreError, IdentityExistsError: it could not be stored.
        """
        destination, reference = self._destination, pipeline.reference()
        identity, alike = await destination.store(self._store, reference, self._adapters)
        return Enrolled(
            media_s=media_s,
            identity=identity.name,
            id=identity.id,
            speech_s=identity.speech_s,
            faces=identity.face_count,
            replaced=destination.enrolled is not None and not destination.adds,
            resembles_replaced=None if alike is None else alike > 0,
            added=True if destination.adds else None,
        )
