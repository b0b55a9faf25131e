"""Every kind of token that must not open a way, and what it must be told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.access.ways import Way
from stream_verifier.access.scopes import ALL_SCOPES, Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.identities.keys import new_key, parse_key

KEY = new_key()
_TTL_S = 60.0
_OURS = Tokens(parse_key(KEY))
_LATE = Tokens(parse_key(KEY), now=lambda: time.time() - 3600)
_THEIRS = Tokens(parse_key(new_key()))


@dataclass(frozen=True)
class Case:
    """One kind of token.

    Attributes:
        name: what is wrong with it.
        code: what the server must answer; empty: anything but a refusal.
        token: makes it for a way.
        in_query: it is sent in the URL.
        binds: what is wrong is whom or what it is bound to.
    """

    name: str
    code: str
    token: Callable[[Way], str | None]
    in_query: bool = False
    binds: bool = False

    def fits(self, way: Way) -> bool:
        """Whether it must be refused there."""
        if self.binds and way.whatever_bound:
            return False
        return way.needs is not None or self.in_query


def _right(way: Way, tokens: Tokens = _OURS) -> str:
    """The narrowest token that lets in."""
    scopes = ALL_SCOPES if way.needs is None else {way.needs}
    bound = {} if Scope.ADMIN in scopes else way.bound
    return tokens.issue(scopes, ttl_s=_TTL_S, **bound)


def _of_other_scopes(way: Way) -> str:
    others = ALL_SCOPES - {Scope.ADMIN, way.needs, way.or_needs}
    return _OURS.issue(others, ttl_s=_TTL_S, **way.bound)


def _bound(way: Way, **bound: str) -> str:
    """Bound to another; an administrator's cannot be, so one with all other scopes stands in."""
    scopes = ALL_SCOPES - {Scope.ADMIN} if way.needs in (None, Scope.ADMIN) else {way.needs}
    return _OURS.issue([scope for scope in scopes if scope], ttl_s=_TTL_S, **way.bound | bound)


CASES = (
    Case("no token", "missing_token", lambda _: None),
    Case("garbage", "invalid_token", lambda _: "garbage"),
    Case("expired", "expired_token", lambda way: _right(way, _LATE)),
    Case("another key", "invalid_token", lambda way: _right(way, _THEIRS)),
    Case("another scope", "forbidden", _of_other_scopes),
    Case("another identity", "forbidden", lambda way: _bound(way, identity="bob"), binds=True),
    Case("another call", "forbidden", lambda way: _bound(way, session="f" * 16), binds=True),
    Case("in the query", "secret_in_query", _right, in_query=True),
)
RIGHT = Case("the right one", "", _right)
REFUSALS = frozenset(case.code for case in CASES)
