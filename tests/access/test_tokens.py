from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import ANYBODY, AUDIENCE, MAX_TOKEN_CHARS, MAX_TTL_S, Tokens
from stream_verifier.errors import (
    ExpiredTokenError,
    IdentityError,
    InvalidTokenError,
    TokenRequestError,
)

KEY, OTHER_KEY = bytes(range(32)), b"o" * 32
TOKENS = Tokens(KEY)


def signed(key: bytes = KEY, **changes: Any) -> str:
    now = int(time.time())
    claims = {"aud": AUDIENCE, "iat": now, "exp": now + 60, "jti": "1", "scope": "admin"} | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm="HS256")


def test_what_is_issued_is_read_again() -> None:
    token = TOKENS.issue([Scope.PUBLISH, Scope.READ], identity=" ada", session="s1", ttl_s=60)
    grant = TOKENS.read(token)
    assert grant.scopes == {Scope.PUBLISH, Scope.READ}
    assert (grant.identity, grant.session) == ("ada", "s1")
    assert 58 <= grant.expires_at - time.time() <= 60
    again = TOKENS.read(TOKENS.issue([Scope.PUBLISH], ttl_s=60))
    assert again.token_id != grant.token_id


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_back_end_whose_clock_is_a_little_ahead_is_heard(claim: str) -> None:
    near, far = ({claim: int(time.time()) + seconds} for seconds in (20, 80))
    assert TOKENS.read(signed(KEY, **near)).scopes == {Scope.ADMIN}
    with pytest.raises(InvalidTokenError, match="clocks"):
        TOKENS.read(signed(KEY, **far))


def test_a_token_lives_no_longer_for_that() -> None:
    now = int(time.time())
    with pytest.raises(ExpiredTokenError):
        TOKENS.read(signed(iat=now - 60, exp=now))


def test_an_expired_token_is_told_apart() -> None:
    hour_ago = Tokens(KEY, now=lambda: time.time() - 3600)
    with pytest.raises(ExpiredTokenError, match="new one"):
        TOKENS.read(hour_ago.issue([Scope.ADMIN], ttl_s=60))


@pytest.mark.parametrize("put", ["{}\n", '"{}"', "<p>{}</p>", "Bearer {}", " {}"])
def test_a_token_in_quotes_or_with_something_around_it_is_told_from_a_wrong_one(put: str) -> None:
    with pytest.raises(InvalidTokenError, match="without quotes, blanks or a page"):
        TOKENS.read(put.format(signed()))


@pytest.mark.parametrize("token", ["", "garbage", "a.b.c", "ä.ö.ü", f"{'W1tb' * 950}.e30.eA"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidTokenError):
        TOKENS.read(token)


# Made when the test runs: signed while tests are collected, they would have expired by then.
@pytest.mark.parametrize(
    "make",
    [
        lambda: signed(OTHER_KEY),
        lambda: signed()[:-2],
        lambda: signed(aud="another-server"),
        lambda: signed(aud=None),
        lambda: signed(exp=None),
        lambda: signed(iat=None),
        lambda: signed(jti=None),
        lambda: signed(scope=None),
        lambda: signed(scope=["admin"]),
        lambda: signed(scope="everything"),
        lambda: signed(iat=int(time.time()) + 3600, exp=int(time.time()) + 3700),
        lambda: signed(exp=int(time.time()) + MAX_TTL_S + 60),
        lambda: signed(scope="events:read", identity=7),
        lambda: signed(scope="events:read", identity="../etc"),
        lambda: signed(scope="admin", identity="ada"),
        lambda: signed(identity="x" * MAX_TOKEN_CHARS),
        lambda: signed(jti="half a character: \ud800"),
        lambda: signed(session="\udfff"),
        lambda: signed(operating_point="\ud800"),
        lambda: jwt.encode({"aud": AUDIENCE, "scope": "admin"}, "", algorithm="none"),
    ],
)
def test_anything_else_is_refused_without_repeating_it(make: Callable[[], str]) -> None:
    token = make()
    with pytest.raises(InvalidTokenError) as caught:
        TOKENS.read(token)
    assert token not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.text(max_size=200))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidTokenError):
        TOKENS.read(text)


@pytest.mark.parametrize(
    ("scopes", "bound", "ttl_s"),
    [
        ([], {}, 60),
        ([Scope.READ], {}, 0),
        ([Scope.READ], {}, MAX_TTL_S + 1),
        ([Scope.READ], {}, float("nan")),
        ([Scope.ADMIN], {"identity": "ada"}, 60),
        ([Scope.READ], {"session": ""}, 60),
        ([Scope.READ], {"session": "x" * 65}, 60),
    ],
)
def test_what_cannot_be_issued_is_said(
    scopes: list[Scope], bound: dict[str, str], ttl_s: float
) -> None:
    with pytest.raises(TokenRequestError):
        TOKENS.issue(scopes, ttl_s=ttl_s, **bound)


def test_a_token_is_bound_to_a_valid_name_only() -> None:
    with pytest.raises(IdentityError):
        TOKENS.issue([Scope.PUBLISH], identity="a/b", ttl_s=60)


def test_a_bound_grant_allows_that_one_only() -> None:
    grant = TOKENS.read(TOKENS.issue([Scope.PUBLISH], identity="zoë", ttl_s=60))
    assert grant.allows(Scope.PUBLISH, identity="zoë")
    assert grant.allows(Scope.PUBLISH, identity="zoe\u0308")
    for wrong in (None, "ada", "..", ""):
        assert not grant.allows(Scope.PUBLISH, identity=wrong)
    assert not grant.allows(Scope.ENROL, identity="zoë")
    of_session = TOKENS.read(TOKENS.issue([Scope.READ], session="s1", ttl_s=60))
    assert of_session.allows(Scope.READ, session="s1", identity="ada")
    assert not of_session.allows(Scope.READ)
    assert not of_session.allows(Scope.READ, session="s2")


@pytest.mark.parametrize("scope", list(Scope))
def test_an_administrator_and_anybody_may_do_everything(scope: Scope) -> None:
    admin = TOKENS.read(TOKENS.issue([Scope.ADMIN], ttl_s=60))
    assert admin.allows(scope)
    assert admin.allows(scope, identity="ada", session="s1")
    assert ANYBODY.allows(scope, identity="ada")
    assert ANYBODY.allows(scope)


def test_a_servers_mark_is_good_for_one_session_and_a_moment_and_is_no_token() -> None:
    mark = TOKENS.mark("s1")
    assert TOKENS.is_mark(mark, "s1")
    assert not TOKENS.is_mark(mark, "s2")
    assert not Tokens(OTHER_KEY).is_mark(mark, "s1")
    assert not TOKENS.is_mark(Tokens(KEY, now=lambda: time.time() - 90).mark("s1"), "s1")
    assert not TOKENS.is_mark(TOKENS.issue([Scope.ADMIN], ttl_s=60), "s1")
    for said in ("1", "", "a.b.c", "ä"):
        assert not TOKENS.is_mark(said, "s1")
    with pytest.raises(InvalidTokenError):
        TOKENS.read(mark)
