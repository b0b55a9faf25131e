"""Who may be enrolled under a name, and whose reference may be used."""

from __future__ import annotations

from datetime import datetime

from stream_verifier.errors import (
    ConsentLapsedError,
    IdentityExistsError,
    UnknownIdentityError,
)
from stream_verifier.identities.identity import Identity


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


def taken(name: str) -> IdentityExistsError:
    """The error about a name under which somebody is enrolled."""
    return IdentityExistsError(
        f"{name!r} is enrolled already: delete it first, or replace it as it is now."
    )


def unknown(name: str) -> UnknownIdentityError:
    """The error about a name under which nobody is."""
    return UnknownIdentityError(f"Nobody is enrolled as {name!r}: enrol first, or check the name.")
