"""Who may be enrolled under a name, and whose reference may be used."""

from __future__ import annotations

from datetime import datetime

from model.errors import ModelError
from model.runtime.adapter import Adapter, Adapters
from model.types import Reference
from stream_verifier.errors import (
    ConsentLapsedError,
    EnrolmentError,
    IdentityExistsError,
    StaleReferenceError,
    UnknownIdentityError,
)
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.renewal import MOST_ADDED


def check_place(name: str, old: Identity | None, *, replace: bool, replaces: str | None) -> None:
    """Say that a reference cannot go where it was to.

    Raises:
        IdentityExistsError: somebody else is there.
        UnknownIdentityError: whom it was to replace is not.
    """
    if old is not None and (not replace or replaces not in (None, old.id)):
        raise taken(name)
    if old is None and replaces is not None:
        raise UnknownIdentityError(f"{name!r} was deleted meanwhile: nothing was stored.")


def refuse_if_lapsed(identity: Identity, now: datetime) -> None:
    """Say that a reference may not be used.

    Raises:
        ConsentLapsedError: its consent was withdrawn or has expired.
    """
    standing = identity.consent.standing(now)
    if standing != "in_force":
        how = "was withdrawn" if standing == "withdrawn" else "has expired"
        raise ConsentLapsedError(
            f"The consent of {identity.name!r} {how}: nobody is verified without one. Ask the "
            "person, then record a new one or enrol again.",
            identity=identity.name,
        )


def refuse_if_widened_enough(identity: Identity) -> None:
    """Say that nothing more may be added to a reference.

    Raises:
        EnrolmentError: that was done as often as consents are kept.
    """
    if identity.widened >= MOST_ADDED:
        raise EnrolmentError(
            f"The reference of {identity.name!r} was added to {MOST_ADDED} times, which is the "
            "most: replace it."
        )


def adapter_for(identity: Identity, model_id: str, adapters: Adapters | None) -> Adapter | None:
    """What moves a reference to the model in use; None if it is there.

    Raises:
        StaleReferenceError: nothing moves it, or what was moved before is not to be used or moved.
    """
    if adapters is None and identity.adapted_from:
        raise StaleReferenceError(
            f"The reference of {identity.name!r} was made by another model "
            f"({identity.adapted_from[0]}) and moved from it, which is not accepted here: enrol "
            "again."
        )
    if identity.model_id == model_id:
        return None
    adapter = None if adapters is None else adapters.find(identity.model_id)
    if adapter is None:
        raise StaleReferenceError(
            f"The reference of {identity.name!r} was made by another model "
            f"({identity.model_id}), from which nothing leads to the one in use: enrol again."
        )
    if identity.adapted_from:
        raise StaleReferenceError(
            f"The reference of {identity.name!r} was made by another model "
            f"({identity.adapted_from[0]}) and moved from it once, which is done twice only by "
            "somebody's word: enrol again, or run  stream-verifier identities migrate --again ."
        )
    return adapter


def moved(identity: Identity, reference: Reference, adapter: Adapter) -> Reference:
    """A reference of another model as the one in use has it.

    Raises:
        StaleReferenceError: the adapter makes nothing of it.
    """
    try:
        return adapter.adapt(reference)
    except ModelError as error:
        raise StaleReferenceError(
            f"The reference of {identity.name!r} was made by another model and cannot be moved to "
            f"the one in use ({error}): enrol again."
        ) from error


def taken(name: str) -> IdentityExistsError:
    """The error about a name under which somebody is enrolled."""
    return IdentityExistsError(
        f"{name!r} is enrolled already: delete it first, replace it as it is now, or add to it."
    )


def unknown(name: str) -> UnknownIdentityError:
    """The error about a name under which nobody is."""
    return UnknownIdentityError(f"Nobody is enrolled as {name!r}: enrol first, or check the name.")
