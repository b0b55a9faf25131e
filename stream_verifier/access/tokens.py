"""Short-lived signed tokens: JSON Web Tokens (RFC 7519) with HMAC-SHA256."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jwt

from stream_verifier.access.grant import ANYBODY, Grant
from stream_verifier.access.scopes import Scope
from stream_verifier.errors import (
    ExpiredTokenError,
    IdentityError,
    InvalidTokenError,
    TokenRequestError,
)
from stream_verifier.identities.identity import normalise_name

__all__ = ["ANYBODY", "AUDIENCE", "MAX_TOKEN_CHARS", "MAX_TTL_S", "Grant", "Tokens"]

AUDIENCE = "stream-verifier"
MAX_TOKEN_CHARS = 4096
MAX_TTL_S = 24 * 3600
MAX_SESSION_CHARS = 64
LEEWAY_S = 30
"""Clocks of two machines may differ so much: a token may come before it was issued."""
_ALGORITHM = "HS256"
_AMONG_SERVERS = "stream-verifier-servers"
NOT_YET = "The token is not valid yet: set the clocks of who signs tokens and of this server."
_REQUIRED = ["aud", "exp", "iat", "jti"]
_BAD = "The token is none of this server's, or was changed: ask for a new one."
_SHAPE = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_NO_TOKEN = (
    "What was sent is no token: send the three parts joined by dots alone, "
    "without quotes, blanks or a page around them."
)


class Tokens:
    """Issues and reads tokens with one key.

    A back end that has the key may sign tokens itself with any JWT library: claims ``aud``
    "stream-verifier", ``exp``, ``iat``, ``jti``, ``scope`` (separated by blanks) and, to bind it,
    ``identity`` and ``session``, and, to let its calls choose a weaker operating point than the
    server's, ``operating_point``.

    Args:
        key: 32 bytes, as :func:`stream_verifier.identities.keys.parse_key` gives them.
        now: Unix time in seconds at which tokens are issued.
    """

    def __init__(self, key: bytes, *, now: Callable[[], float] = time.time) -> None:
        self._key = key
        self._now = now

    def issue(
        self,
        scopes: Iterable[Scope],
        *,
        identity: str | None = None,
        session: str | None = None,
        operating_point: str | None = None,
        ttl_s: float,
    ) -> str:
        """Sign a new token.

        Args:
            scopes: what it allows; at least one.
            identity: bind it to this enrolled name.
            session: bind it to this session.
            operating_point: one that its calls may choose, even if it is weaker than the server's.
            ttl_s: seconds until it expires, at most a day.

        Raises:
            TokenRequestError: no scope, a lifetime out of range, or a bound administrator.
            IdentityError: no valid name.
        """
        wanted = sorted(set(scopes))
        _check(wanted, identity=identity, session=session, ttl_s=ttl_s)
        issued = int(self._now())
        claims: dict[str, object] = {
            "aud": AUDIENCE,
            "iat": issued,
            "exp": issued + max(1, int(ttl_s)),
            "jti": secrets.token_hex(8),
            "scope": " ".join(wanted),
        }
        if identity is not None:
            claims["identity"] = normalise_name(identity)
        if session is not None:
            claims["session"] = session
        if operating_point is not None:
            claims["operating_point"] = operating_point
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def read(self, token: str) -> Grant:
        """Check a token's signature and time and say what it grants.

        Raises:
            ExpiredTokenError: its time is over.
            InvalidTokenError: anything else is wrong with it; the message never repeats it.
        """
        if len(token) > MAX_TOKEN_CHARS:
            raise InvalidTokenError(_BAD)
        if not _SHAPE.fullmatch(token):
            raise InvalidTokenError(_NO_TOKEN)
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                audience=AUDIENCE,
                leeway=LEEWAY_S,
                options={"require": _REQUIRED},
            )
            grant = _grant(claims)
            if grant.expires_at <= time.time():  # here a clock that is ahead gives nothing away
                raise jwt.ExpiredSignatureError
            return grant
        except jwt.ExpiredSignatureError:
            raise ExpiredTokenError("The token has expired: ask for a new one.") from None
        except jwt.ImmatureSignatureError:
            raise InvalidTokenError(NOT_YET) from None
        except (jwt.PyJWTError, IdentityError, ValueError, TypeError, RecursionError):
            # Nothing of the cause: it may quote what was sent.
            raise InvalidTokenError(_BAD) from None

    def mark(self, session: str) -> str:
        """What tells another server with this key that one of them passes a client on, just now.

        Args:
            session: that the client comes back to; the mark is good for no other, and no token.
        """
        expires = int(self._now()) + LEEWAY_S
        claims = {"aud": _AMONG_SERVERS, "exp": expires, "session": session}
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def is_mark(self, text: str, session: str) -> bool:
        """Whether a server with this key made it, for that session and just now."""
        try:
            claims = jwt.decode(
                text[:MAX_TOKEN_CHARS],
                self._key,
                algorithms=[_ALGORITHM],
                audience=_AMONG_SERVERS,
                leeway=LEEWAY_S,
                options={"require": ["aud", "exp"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            return False
        return bool(claims.get("session") == session)


def _check(scopes: list[Scope], *, identity: str | None, session: str | None, ttl_s: float) -> None:
    if not scopes:
        raise TokenRequestError("A token needs at least one scope.")
    if not 1 <= ttl_s <= MAX_TTL_S:
        raise TokenRequestError(f"A token lives 1 to {MAX_TTL_S} s: issue a new one when needed.")
    if Scope.ADMIN in scopes and (identity is not None or session is not None):
        raise TokenRequestError("An administrator's token cannot be bound to one identity or call.")
    if session is not None and not 1 <= len(session) <= MAX_SESSION_CHARS:
        raise TokenRequestError(f"A session's id has 1 to {MAX_SESSION_CHARS} characters.")


def _grant(claims: Mapping[str, Any]) -> Grant:
    """Read the claims of a token whose signature holds.

    Raises:
        ValueError, TypeError: a claim is missing, of the wrong kind, or no Unicode.
    """
    scope, expires_at, issued_at = claims.get("scope"), claims["exp"], claims["iat"]
    if not isinstance(scope, str) or expires_at - issued_at > MAX_TTL_S:
        raise ValueError("no scope, or too long a life")
    bound = {name: claims.get(name) for name in ("identity", "session", "operating_point")}
    if not all(value is None or isinstance(value, str) for value in bound.values()):
        raise ValueError("bound to no text")
    for text in (claims["jti"], *bound.values()):
        str(text).encode()  # half a character would go on record, and nobody could be told of it
    scopes = frozenset(Scope(word) for word in scope.split())
    identity = None if bound["identity"] is None else normalise_name(bound["identity"])
    if Scope.ADMIN in scopes and any(bound[name] is not None for name in ("identity", "session")):
        raise ValueError("a bound administrator")
    return Grant(
        scopes=scopes,
        identity=identity,
        session=bound["session"],
        token_id=str(claims["jti"])[:64],
        expires_at=float(expires_at),
        operating_point=bound["operating_point"],
    )
