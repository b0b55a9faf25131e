"""Whether the server lives and whether it is ready; open to all."""

from __future__ import annotations

import contextlib

from starlette.requests import Request

from stream_verifier.errors import NotReadyError, UnknownIdentityError
from stream_verifier.web.models import Health, Readiness
from stream_verifier.web.state import state_of

_NOBODY = "nobody is called this"


async def health(request: Request) -> Health:
    """Alive, and how full."""
    sessions, settings = state_of(request).sessions, state_of(request).settings
    return Health(status="ok", calls=sessions.count, max_calls=settings.max_calls)


async def ready(request: Request) -> Readiness:
    """Ready to open calls: the store answers and the server is not stopping.

    A full server is ready: it still serves those who follow and administer.
    """
    if state_of(request).sessions.closing:
        raise NotReadyError("The server is stopping.")
    with contextlib.suppress(UnknownIdentityError):
        await state_of(request).store.get(_NOBODY)
    return Readiness(status="ready")
