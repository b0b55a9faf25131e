"""Whether the server lives and whether it is ready; open to all."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from stream_verifier.errors import NotReadyError, UnknownIdentityError
from stream_verifier.web.models import Health, Readiness
from stream_verifier.web.state import state_of

_ANSWERS_S = 2.0
_NOBODY = "nobody is called this"


async def health(request: Request) -> Health:
    """Alive, how full, and whether it keeps up."""
    state = state_of(request)
    return Health(
        status="ok",
        calls=state.sessions.count,
        max_calls=state.sessions.admission.most,
        spare_calls=state.sessions.room,
        lag_s=round(state.gauge.load.lag_s, 3),
        overloaded=state.gauge.behind,
    )


async def ready(request: Request) -> Readiness:
    """Ready to open a call: store and audit trail can be used, there is room, no stop is near.

    A server that is not still serves the calls that run, and those who follow and administer.
    """
    sessions = state_of(request).sessions
    if sessions.closing:
        raise NotReadyError("The server is stopping.")
    if not state_of(request).neighbours.reachable:
        raise NotReadyError("What the servers share cannot be reached.")
    if state_of(request).journal.failing:
        raise NotReadyError("The audit trail takes nothing, and no call begins before.")
    if sessions.room == 0:
        raise NotReadyError(
            f"The server has no room for another call: {sessions.count} of "
            f"{sessions.admission.most} run."
        )
    try:
        # Whoever asks does so every second or so, and gives up soon.
        async with asyncio.timeout(_ANSWERS_S):
            await state_of(request).store.get(_NOBODY)
    except UnknownIdentityError:
        pass
    except TimeoutError as error:
        raise NotReadyError("The identity store does not answer.") from error
    return Readiness(status="ready")
