"""Tells the audit trail who was turned away."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from stream_verifier.audit.deed import Actor, Deed, Kind, network_of
from stream_verifier.errors import (
    AccessError,
    IdentityError,
    ResumeKeyError,
    StreamVerifierError,
)
from stream_verifier.identities.identity import normalise_name
from stream_verifier.web.state import state_of


def note_refusal(connection: HTTPConnection, error: StreamVerifierError) -> None:
    """Count a refusal for want of a right, by whom and where; of other errors nothing is told."""
    services = state_of(connection).services
    if services is None or not isinstance(error, AccessError | ResumeKeyError):
        return
    address = network_of(connection.client.host if connection.client else "")
    token_id, scope, name = "", "", None
    if isinstance(error, AccessError):
        token_id, scope, name = error.token_id, error.scope, _name(error.identity)
    actor = Actor(token_id or "none", scope, address)
    services.journal.count(Deed(Kind.ACCESS_REFUSED, actor, name, outcome=error.code))


def _name(given: str | None) -> str | None:
    """The name as whoever is enrolled is called, or as it was given if nobody can be called so."""
    if given is None:
        return None
    try:
        return normalise_name(given)
    except IdentityError:
        return given
