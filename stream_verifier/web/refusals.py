"""Counts what is refused, and tells who was turned away and what the server itself failed at."""

from __future__ import annotations

import logging
import time

from starlette.requests import HTTPConnection

from stream_verifier.audit.deed import Actor, Deed, Kind, network_of
from stream_verifier.errors import (
    AccessError,
    FleetError,
    IdentityError,
    NotStartedError,
    ResumeKeyError,
    StoreError,
    StreamVerifierError,
)
from stream_verifier.identities.identity import normalise_name
from stream_verifier.web.state import state_of

_logger = logging.getLogger(__name__)


def note_refusal(connection: HTTPConnection, error: StreamVerifierError) -> None:
    """Count a refusal, in the trail too where a right was wanting; log what the server failed at.

    Of other errors nothing more is told: they are the client's own.
    """
    state = state_of(connection)
    state.refused[error.code] += 1
    services = state.services
    failed = isinstance(error, StoreError | FleetError | NotStartedError)
    if failed and not state.failures.take(error.code, time.monotonic()):
        _logger.error("what clients ask for is refused (%s): %s", error.code, error)
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
