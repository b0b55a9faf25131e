"""Asks the gate, where there is one, whether a client may do what it wants."""

from __future__ import annotations

from typing import Any

from starlette.requests import HTTPConnection

PUBLISH = "call:publish"
ENROL = "identity:enrol"


def admit(
    connection: HTTPConnection,
    token: str | None,
    scope: str,
    *,
    identity: str | None = None,
    session: str | None = None,
) -> None:
    """Let a client pass, and count the attempt.

    Raises:
        StreamVerifierError: it may not; the error says what is wrong with its token.
    """
    gate: Any = getattr(connection.app.state, "gate", None)
    if gate is not None:
        client = connection.client.host if connection.client else ""
        gate.admit(token, scope, identity=identity, session=session, client=client)


def bearer(connection: HTTPConnection) -> str | None:
    """The token of an Authorization header (RFC 6750), None without one."""
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None
