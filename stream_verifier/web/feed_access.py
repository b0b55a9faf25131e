"""Who may follow which events."""

from __future__ import annotations

import time
from collections.abc import Iterator

from starlette.websockets import WebSocket

from stream_verifier.access.grant import Grant
from stream_verifier.access.scopes import Scope
from stream_verifier.events.feed_messages import Subscribe
from stream_verifier.web.access import admit as admit_use


def admit(websocket: WebSocket, subscribe: Subscribe) -> float:
    """Check that the token covers every session and identity that is asked for.

    A subscription without a filter asks for everything, so a token for one call alone does not
    cover it.

    Returns:
        For how many seconds from now it covers them; infinity without access control.

    Raises:
        StreamVerifierError: it does not; the error says why.
    """
    token = None if subscribe.token is None else subscribe.token.get_secret_value()
    return min(
        _seconds_left(admit_use(websocket, token, Scope.READ, identity=identity, session=session))
        for identity, session in _asked_for(subscribe)
    )


def _seconds_left(grant: Grant) -> float:
    return grant.expires_at - time.time()


def _asked_for(subscribe: Subscribe) -> Iterator[tuple[str | None, str | None]]:
    """Pairs that name each identity and each session at least once."""
    identities: list[str | None] = list(subscribe.identities or ()) or [None]
    sessions: list[str | None] = list(subscribe.sessions or ()) or [None]
    for identity in identities:
        yield identity, sessions[0]
    for session in sessions[1:]:
        yield identities[0], session
