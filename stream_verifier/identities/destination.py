"""Stores what an enrolment came to: as somebody new, in place of a reference, or added to one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from model.runtime.adapter import Adapters
from model.types import Reference
from stream_verifier.audit.deed import Actor, Deed, Kind
from stream_verifier.errors import OtherPersonError, UnknownIdentityError
from stream_verifier.identities.admission import (
    adapter_for,
    check_place,
    refuse_if_lapsed,
    refuse_if_widened_enough,
)
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.identity import Identity, new_name, normalise_name
from stream_verifier.identities.likeness import likeness_to_enrolled
from stream_verifier.identities.origin import Origin
from stream_verifier.identities.store import IdentityStore


async def enrolled_as(
    store: IdentityStore,
    name: str,
    *,
    replaces: bool,
    adds: bool,
    model_id: str,
    adapters: Adapters | None,
) -> tuple[str, Identity | None]:
    """The spelling of a name, and who is enrolled by it and would be replaced or added to.

    Ask before the person has talked or files are read, not after.

    Args:
        store: where.
        name: in any spelling.
        replaces: whether that reference may go.
        adds: whether it is to be added to; neither: there must be none.
        model_id: of the model in use, which makes what is added.
        adapters: what moves an older model's reference to it; None: none such is accepted.

    Raises:
        IdentityError: no valid name.
        IdentityExistsError: the name is taken, and nobody is to be replaced or added to.
        UnknownIdentityError: there is nobody to add to.
        ConsentLapsedError: nor with a consent in force.
        StaleReferenceError: nor to a reference of a model from which nothing leads to the one in
            use.
        EnrolmentError: nor is more to be added than was already.
    """
    spelt = normalise_name(name) if replaces or adds else new_name(name)
    if adds:
        old = await store.get(spelt)
        refuse_if_lapsed(old, datetime.now(UTC))
        refuse_if_widened_enough(old)
        adapter_for(old, model_id, adapters)
        return spelt, old
    try:
        there: Identity | None = await store.get(spelt)
    except UnknownIdentityError:
        there = None
    check_place(spelt, there, replace=replaces, replaces=None)
    return spelt, there


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a reference goes that is being made, and who answers for it.

    Attributes:
        name: whom to enrol.
        consent: what the person agreed to.
        enrolled: who was enrolled by that name when it began, and is replaced or added to; None:
            nobody was.
        adds: whether to add to that reference.
        way: how the media comes in, such as "call".
        recorded_by: who does it: the id of the token that was shown, or the system's user.
        supervised: whether somebody who answers for it watches.
        actor: by whom, as the audit trail tells it.
    """

    name: str
    consent: Consent
    enrolled: Identity | None
    adds: bool = False
    way: str
    recorded_by: str
    supervised: bool = False
    actor: Actor

    async def store(
        self, store: IdentityStore, reference: Reference, adapters: Adapters | None
    ) -> tuple[Identity, float | None]:
        """Store a reference, where the very one that was there at the beginning still is.

        Args:
            store: where it goes.
            reference: what was seen and heard.
            adapters: what moves an older model's reference, to compare it or to add to it.

        Returns:
            The identity, and how much the new reference resembles the one that it replaced; None
            where it replaced none or the two cannot be compared.

        Raises:
            OtherPersonError: what would be added is rather not the same person's, of which the
                trail has an entry.
            AlreadyAddedError: what would be added is in the reference.
            UnknownIdentityError: who was to be replaced or added to is no more.
            ConsentLapsedError, StaleReferenceError: there is nothing any more to add to.
            StoreError, IdentityExistsError: it could not be stored.
        """
        old = self.enrolled
        if old is None or not self.adds:
            return await self._place(store, reference, adapters)
        try:
            wider = await store.widen(
                self.name,
                reference,
                self.consent,
                widens=old.id,
                origin=self._origin(None),
                adapters=adapters,
                actor=self.actor,
            )
        except OtherPersonError as error:
            tried = {"identity": old.id}
            await store.audit.append(
                Deed(Kind.REFERENCE_WIDENED, self.actor, self.name, error.code, tried)
            )
            raise
        return wider, None

    async def _place(
        self, store: IdentityStore, reference: Reference, adapters: Adapters | None
    ) -> tuple[Identity, float | None]:
        old, alike = self.enrolled, None
        if old is not None:
            alike = await likeness_to_enrolled(store, self.name, reference, adapters=adapters)
        identity = await store.add(
            self.name,
            reference,
            self.consent,
            replace=old is not None,
            replaces=None if old is None else old.id,
            origin=self._origin(alike),
            actor=self.actor,
        )
        return identity, alike

    def _origin(self, alike: float | None) -> Origin:
        return Origin(
            way=self.way,
            by=self.recorded_by,
            supervised=self.supervised,
            replaced_similarity=alike,
        )
