"""Who may follow which events."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from starlette.websockets import WebSocket

from stream_verifier.access.grant import Grant
from stream_verifier.access.scopes import Scope
from stream_verifier.events.audience import Audience
from stream_verifier.events.envelope import Filter
from stream_verifier.events.feed_messages import Subscribe
from stream_verifier.web.access import admit as admit_use
from stream_verifier.web.access import audience_of, client_of, gate_of


@dataclass(frozen=True, slots=True)
class Followed:
    """What a subscriber may follow.

    Attributes:
        wanted: which events.
        seconds_left: for how long from now; infinity without access control.
        audience: how much it is told of each.
    """

    wanted: Filter
    seconds_left: float
    audience: Audience


def admit(websocket: WebSocket, subscribe: Subscribe) -> Followed:
    """Check that the token covers every session and identity that is asked for.

    Who names none is given all that the token covers: with one that is bound, that one.

    Returns:
        What the token covers of it.

    Raises:
        StreamVerifierError: it does not; the error says why.
    """
    token = None if subscribe.token is None else subscribe.token.get_secret_value()
    grant = gate_of(websocket).identify(token, client=client_of(websocket))
    wanted = _narrowed(subscribe.wanted(), grant)
    for identity, session in _asked_for(wanted):
        admit_use(websocket, token, Scope.READ, identity=identity, session=session)
    return Followed(wanted, grant.expires_at - time.time(), audience_of(grant))


def _narrowed(wanted: Filter, grant: Grant) -> Filter:
    if wanted.identities is not None or wanted.sessions is not None:
        return wanted
    return replace(wanted, identities=_only(grant.identity), sessions=_only(grant.session))


def _only(name: str | None) -> frozenset[str] | None:
    return None if name is None else frozenset({name})


def _asked_for(wanted: Filter) -> Iterator[tuple[str | None, str | None]]:
    """Pairs that name each identity and each session at least once."""
    identities: list[str | None] = [*sorted(wanted.identities or ())] or [None]
    sessions: list[str | None] = [*sorted(wanted.sessions or ())] or [None]
    for identity in identities:
        yield identity, sessions[0]
    for session in sessions[1:]:
        yield identities[0], session
