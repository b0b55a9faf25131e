"""Who may follow which events."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

from starlette.websockets import WebSocket

from stream_verifier.events.feed_messages import Subscribe

_READ = "events:read"


class Gate(Protocol):
    """What decides on access; it raises a `StreamVerifierError` that says why not.

    It returns a grant whose ``expires_at`` is when its token ends, with a time zone.
    """

    def admit(
        self,
        token: str | None,
        scope: Any,
        *,
        identity: str | None = None,
        session: str | None = None,
        client: str,
    ) -> Any:
        """Let in or raise."""
        ...


def admit(websocket: WebSocket, subscribe: Subscribe) -> float:
    """Check that the token covers every session and identity that is asked for.

    A subscription without a filter asks for everything, so a token for one call alone does not
    cover it.

    Returns:
        For how many seconds from now it covers them; infinity without access control.

    Raises:
        StreamVerifierError: it does not; the error says why.
    """
    gate: Gate | None = getattr(websocket.app.state, "gate", None)
    if gate is None:
        return math.inf
    token = None if subscribe.token is None else subscribe.token.get_secret_value()
    client = "" if websocket.client is None else websocket.client.host
    return min(
        _seconds_left(gate.admit(token, _READ, identity=identity, session=session, client=client))
        for identity, session in _asked_for(subscribe)
    )


def _seconds_left(grant: Any) -> float:
    expires_at = getattr(grant, "expires_at", None)
    if isinstance(expires_at, datetime):
        return expires_at.timestamp() - time.time()
    return math.inf


def _asked_for(subscribe: Subscribe) -> Iterator[tuple[str | None, str | None]]:
    """Pairs that name each identity and each session at least once."""
    identities: list[str | None] = list(subscribe.identities or ()) or [None]
    sessions: list[str | None] = list(subscribe.sessions or ()) or [None]
    for identity in identities:
        yield identity, sessions[0]
    for session in sessions[1:]:
        yield identities[0], session
