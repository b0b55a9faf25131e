"""Brings what a client shows over HTTP or a WebSocket to the gate."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from stream_verifier.access.gate import Gate
from stream_verifier.access.grant import Grant
from stream_verifier.access.scopes import Scope
from stream_verifier.calls.session import Session
from stream_verifier.web.state import state_of

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
    machine must not lend that to those behind it, so there its word is taken, trusted or not.
    """
    if gate_of(connection).tokens is None:
        if "forwarded" in connection.headers:
            return ""
        for_whom = ",".join(connection.headers.getlist("x-forwarded-for"))
        if for_whom:
            return for_whom.rpartition(",")[2].strip()
    return connection.client.host if connection.client else ""


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


def admit_to_session(connection: HTTPConnection, token: str | None, session_id: str) -> Session:
    """Let one who might have opened a session go on with it or end it.

    Who shows no token of ours learns nothing, not even whether the session runs.

    Raises:
        UnknownSessionError: it does not run.
        AccessError: what `Gate.admit` raises.
    """
    gate_of(connection).identify(token, client=client_of(connection))
    session = state_of(connection).sessions.find(session_id)
    scope = Scope.ENROL if session.enrols else Scope.PUBLISH
    admit(connection, token, scope, identity=session.identity, session=session.id)
    return session


async def administrator(request: Request, token: Token) -> Grant:
    """A dependency of routes that only an administrator may use."""
    return admit(request, token, Scope.ADMIN)
