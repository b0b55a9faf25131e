"""Tokens of an identity provider (OpenID Connect): who somebody is there, what is allowed here.

The provider signs with keys that it publishes and changes; which of its words allow what is for
this server's settings to say, and for no token.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from stream_verifier.access.grant import Grant
from stream_verifier.access.scopes import Scope
from stream_verifier.access.sign_in import SignIn
from stream_verifier.access.tokens import LEEWAY_S, MAX_TOKEN_CHARS, MAX_TTL_S, NOT_YET
from stream_verifier.errors import (
    ExpiredTokenError,
    IdentityError,
    InvalidTokenError,
    NotReadyError,
)
from stream_verifier.identities.identity import normalise_name

MOST_KEYS = 32
_KEYS_AGE_S = 24 * 3600.0
_RETRY_AFTER_S = 10
_LEAST_RSA_BITS = 2048
_SIGNS_PRIVATELY = frozenset({"RSA", "EC", "OKP"})
"""Kinds of keys whose public half signs nothing: a shared secret is never taken from a provider."""
_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
_PERSONAL = frozenset({Scope.PUBLISH, Scope.ENROL, Scope.UPLOAD, Scope.REPLACE})
_BAD = "The token is none that this server takes, or was changed: sign in again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Provided:
    """What is taken from a provider.

    Attributes:
        issuer: its address, as tokens name it.
        audience: that tokens must be for.
        roles_claim: where a token names roles: the path to a list or to words separated by
            blanks, with dots in between, such as ``realm_access.roles``.
        roles: what each role allows.
        identity_claim: where a token names the person as enrolled here; whoever may send media or
            ask for what is held may do so for that one only. None: for anybody.
    """

    issuer: str
    audience: str
    roles_claim: str
    roles: Mapping[str, tuple[Scope, ...]] = field(default_factory=dict)
    identity_claim: str | None = None


class Provider:
    """Reads a provider's tokens with the keys that it published last.

    Args:
        provided: what is taken.
        now_s: a clock that never goes back.

    Attributes:
        sign_in: where people sign in; None before it has said so.
        on_unknown_key: called when a token names a key that is not here, as after a change of keys.
    """

    def __init__(self, provided: Provided, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self.issuer = provided.issuer
        self.sign_in: SignIn | None = None
        self.on_unknown_key: Callable[[], None] = lambda: None
        self._provided = provided
        self._now_s = now_s
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._adopted_s = float("-inf")

    def adopt(self, published: object) -> int:
        """Take the keys that are published now in the place of those before; returns how many.

        Args:
            published: a JSON Web Key Set (RFC 7517); what is of no use in it is left out.

        Raises:
            ValueError: no key of it is of use; those before stay.
        """
        listed = published.get("keys") if isinstance(published, dict) else None
        keys = [_key(one) for one in (listed if isinstance(listed, list) else [])[:MOST_KEYS]]
        usable = {key.key_id: key for key in keys if key is not None}
        if not usable:
            raise ValueError("it publishes no key to check signatures with")
        self._keys, self._adopted_s = usable, self._now_s()
        return len(usable)

    def signed(self, token: str) -> bool:
        """Whether a token says that a provider signed it, and not this server."""
        try:
            return jwt.get_unverified_header(token[:MAX_TOKEN_CHARS]).get("alg") in _ALGORITHMS
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            return False

    def read(self, token: str) -> Grant:
        """Check a token's signature, time, issuer and audience, and say what its roles allow.

        Raises:
            ExpiredTokenError: its time is over.
            NotReadyError: the provider's keys are not here, or too old.
            InvalidTokenError: anything else is wrong with it; the message never repeats it.
        """
        if len(token) > MAX_TOKEN_CHARS:
            raise InvalidTokenError(_BAD)
        try:
            key = self._key_of(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._provided.audience,
                issuer=self._provided.issuer,
                leeway=LEEWAY_S,
                options={"require": ["aud", "exp", "iat", "iss", "sub"]},
            )
            return self._grant(claims, token)
        except jwt.ExpiredSignatureError:
            raise ExpiredTokenError("The token has expired: sign in again.") from None
        except jwt.ImmatureSignatureError:
            raise InvalidTokenError(NOT_YET) from None
        except (jwt.PyJWTError, IdentityError, ValueError, TypeError, RecursionError):
            # Nothing of the cause: it may quote what was sent.
            raise InvalidTokenError(_BAD) from None

    def _key_of(self, token: str) -> jwt.PyJWK:
        if self._now_s() - self._adopted_s > _KEYS_AGE_S:
            self.on_unknown_key()
            raise NotReadyError(
                "The identity provider's keys are not here yet: try again soon.",
                retry_after_s=_RETRY_AFTER_S,
            )
        key = self._keys.get(jwt.get_unverified_header(token).get("kid"))
        if key is None:
            self.on_unknown_key()
            raise ValueError("signed with a key that is not published")
        return key

    def _grant(self, claims: Mapping[str, Any], token: str) -> Grant:
        expires_at, issued_at = float(claims["exp"]), float(claims["iat"])
        if expires_at - issued_at > MAX_TTL_S:
            raise ValueError("too long a life")
        scopes, identity = self._scopes(claims), None
        if Scope.ADMIN not in scopes and self._provided.identity_claim is not None:
            named = _at(claims, self._provided.identity_claim)
            if isinstance(named, str):
                identity = normalise_name(named) if scopes & _PERSONAL else None
            else:
                scopes -= _PERSONAL
        return Grant(
            scopes=scopes,
            identity=identity,
            session=None,
            token_id=_token_id(claims, token),
            expires_at=expires_at + LEEWAY_S,
            subject=f"oidc-sub-{_digest(str(claims['sub']))}",
        )

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[Scope]:
        named = _at(claims, self._provided.roles_claim)
        words = named.split() if isinstance(named, str) else named
        roles = [one for one in words if isinstance(one, str)] if isinstance(words, list) else []
        known = self._provided.roles
        return frozenset(scope for role in roles for scope in known.get(role, ()))


def _key(described: object) -> jwt.PyJWK | None:
    """A key that signatures may be checked with; None of any other."""
    if not isinstance(described, dict) or described.get("kty") not in _SIGNS_PRIVATELY:
        return None
    if described.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK(described)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    weak = getattr(key.key, "key_size", _LEAST_RSA_BITS) < _LEAST_RSA_BITS
    if key.algorithm_name not in _ALGORITHMS or described["kty"] == "RSA" and weak:
        return None
    return key


def _at(claims: Mapping[str, Any], path: str) -> object:
    """What is at the end of a path; a claim may have dots in its own name."""
    if path in claims:
        return claims[path]
    found: object = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _token_id(claims: Mapping[str, Any], token: str) -> str:
    """What the audit trail calls a token: its own id, which another provider's might be, hashed."""
    told = str(claims.get("jti") or token)
    return f"oidc-{_digest(told)}"


def _digest(told: str) -> str:
    return hashlib.sha256(told.encode()).hexdigest()[:16]
