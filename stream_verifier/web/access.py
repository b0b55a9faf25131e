"""Brings what a client shows over HTTP or a WebSocket to the gate."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from stream_verifier.access.actor import actor_of
from stream_verifier.access.gate import Gate
from stream_verifier.access.grant import Grant
from stream_verifier.access.scopes import Scope
from stream_verifier.audit.deed import Actor
from stream_verifier.calls.neighbours import CallRecord
from stream_verifier.calls.places import Place
from stream_verifier.calls.session import Session
from stream_verifier.calls.wishes import Way
from stream_verifier.errors import ForbiddenError, UnknownSessionError
from stream_verifier.events.audience import Audience
from stream_verifier.web.state import state_of

_PROXY_HEADERS = frozenset(
    {"forwarded", "via", "client-ip", "true-client-ip", "cf-connecting-ip", "fastly-client-ip"}
)
_PROXY_PREFIXES = ("x-forwarded", "x-real", "x-client", "x-cluster", "x-original", "x-proxy")
_OTHER_WAY = "No session of that id was begun in this way."
_bearer = HTTPBearer(
    scheme_name="token",
    bearerFormat="JWT",
    description="A token of `POST /tokens` or `stream-verifier token`.",
    auto_error=False,
)


def _token(
    shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str | None:
    return None if shown is None else shown.credentials


Token = Annotated[str | None, Depends(_token)]
"""What a request shows as ``Authorization: Bearer``; names the scheme in the API's description."""


def bearer(connection: HTTPConnection) -> str | None:
    """The token of an Authorization header (RFC 6750), None without one."""
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


def gate_of(connection: HTTPConnection) -> Gate:
    """The application's gate."""
    return state_of(connection).gate


def client_of(connection: HTTPConnection) -> str:
    """The address that a connection comes from.

    Where no key is configured, everybody on this machine may do everything; a proxy on this
    machine must not lend that to those behind it, so any sign of one makes the client nobody.
    """
    if gate_of(connection).tokens is None and _through_a_proxy(connection):
        return ""
    return connection.client.host if connection.client else ""


def _through_a_proxy(connection: HTTPConnection) -> bool:
    """Whether anything looks like a proxy: a header that only those add, or their old HTTP."""
    if any(
        name in _PROXY_HEADERS or name.startswith(_PROXY_PREFIXES) for name in connection.headers
    ):
        return True
    scope = connection.scope
    return bool(scope["type"] == "http" and scope["http_version"] == "1.0")


def admit(
    connection: HTTPConnection,
    token: str | None,
    scope: Scope,
    *,
    identity: str | None = None,
    session: str | None = None,
) -> Grant:
    """Let one use in, or raise what `Gate.admit` raises."""
    return gate_of(connection).admit(
        token, scope, identity=identity, session=session, client=client_of(connection)
    )


async def count_opening(connection: HTTPConnection, grant: Grant) -> None:
    """Count that a call is opened or resumed, before anything slow is done for it.

    Raises:
        RateLimitedError: too many were in the last minute, here or at all servers together.
        FleetError: other servers count, too, and cannot be asked.
    """
    gate, client = gate_of(connection), client_of(connection)
    gate.count_opening(grant, client)
    await state_of(connection).neighbours.count_opening(gate.bearer_of(grant, client))


def admit_to_record(
    connection: HTTPConnection,
    token: str | None,
    record: CallRecord,
    *,
    begun_by_socket: bool,
    way: Way = "webrtc",
) -> None:
    """Let one whose call it is go on with it or end it, whichever worker has it.

    Raises:
        UnknownSessionError: it was begun in another way.
        AccessError: as `admit_to_session` does.
    """
    scope = Scope.ENROL if record.mode == "enrol" else Scope.PUBLISH
    grant = admit(connection, token, scope, identity=record.identity, session=record.session)
    refuse_strangers(grant, record.place, record.session)
    if (record.followed, record.way) != (begun_by_socket, way):
        raise UnknownSessionError(_OTHER_WAY)


def refuse_strangers(grant: Grant, place: Place, session: str) -> None:
    """Refuse who neither opened a call nor has a token bound to its name or session.

    Raises:
        ForbiddenError: it is such a one.
    """
    if not grant.owns(token_id=place.token_id, identity=place.identity, session=session):
        raise ForbiddenError(
            "Another token opened this call: show that one, or one bound to its name or session."
        )


def admit_to_session(
    connection: HTTPConnection,
    token: str | None,
    session_id: str,
    *,
    begun_by_socket: bool = True,
    way: Way = "webrtc",
) -> Session:
    """Let one whose session it is go on with it or end it.

    Who shows no token of ours learns nothing, not even whether the session runs.

    Args:
        connection: of the client.
        token: what it showed.
        session_id: as it names it.
        begun_by_socket: whether it is a way on for sessions of sockets, or of WHIP; each ends what
            it began.
        way: how the media of those sessions comes.

    Raises:
        UnknownSessionError: no such one runs.
        AccessError: what `Gate.admit` raises; also where another token opened it, bound to neither
            this session nor its identity.
    """
    gate_of(connection).identify(token, client=client_of(connection))
    session = state_of(connection).sessions.find(session_id)
    scope = Scope.ENROL if session.enrols else Scope.PUBLISH
    grant = admit(connection, token, scope, identity=session.identity, session=session.id)
    refuse_strangers(grant, session.place, session.id)
    if not session.begun_by(socket=begun_by_socket, way=way):
        raise UnknownSessionError(_OTHER_WAY)
    return session


def audience_of(grant: Grant) -> Audience:
    """How much of the evidence the bearer of a token is told.

    Whoever may open calls could ask with one face after another, and is told no more than a call's
    own client, whatever else the token allows.
    """
    if Scope.ADMIN in grant.scopes:
        return Audience.ANALYST
    if grant.scopes & {Scope.PUBLISH, Scope.ENROL, Scope.ROOMS}:
        return Audience.CALLER
    return Audience.ANALYST if Scope.EVIDENCE in grant.scopes else Audience.READER


def actor_of_request(request: HTTPConnection, grant: Grant) -> Actor:
    """Who asks, as the audit trail tells it."""
    return actor_of(grant, client_of(request))


async def administrator(request: Request, token: Token) -> Grant:
    """A dependency of routes that only an administrator may use."""
    return admit(request, token, Scope.ADMIN)


Administrator = Annotated[Grant, Depends(administrator)]
"""What the token grants of an administrator, in a route that needs one."""
