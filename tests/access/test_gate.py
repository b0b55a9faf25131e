from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from stream_verifier.access.gate import Gate, Limits
from stream_verifier.access.limiter import Limiter
from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import ANYBODY, Tokens
from stream_verifier.errors import (
    ExpiredTokenError,
    ForbiddenError,
    InvalidTokenError,
    MissingTokenError,
    RateLimitedError,
    SettingsError,
)
from stream_verifier.settings import load_settings

TOKENS = Tokens(bytes(range(32)))
HERE, AWAY = "127.0.0.1", "192.0.2.7"


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def make_gate(tokens: Tokens | None = TOKENS, *, per_minute: int = 3) -> tuple[Gate, Clock]:
    clock = Clock()
    limits = Limits(Limiter(per_minute=per_minute), Limiter(per_minute=per_minute))
    return Gate(tokens=tokens, limiter=limits, now_s=clock), clock


def test_a_token_admits_what_it_grants() -> None:
    gate, _ = make_gate()
    token = TOKENS.issue([Scope.PUBLISH], identity="ada", ttl_s=60)
    grant = gate.admit(token, Scope.PUBLISH, identity="ada", client=AWAY)
    assert grant.identity == "ada"
    for scope, identity in ((Scope.PUBLISH, "bob"), (Scope.PUBLISH, None), (Scope.ADMIN, "ada")):
        with pytest.raises(ForbiddenError, match=scope.value):
            gate.admit(token, scope, identity=identity, client=AWAY)


@pytest.mark.parametrize("client", [HERE, AWAY])
@pytest.mark.parametrize("token", [None, ""])
def test_no_token_is_no_way_in_where_there_is_a_key(token: str | None, client: str) -> None:
    gate, _ = make_gate()
    with pytest.raises(MissingTokenError, match="Bearer"):
        gate.admit(token, Scope.READ, client=client)


def test_forged_tokens_are_limited_for_their_address_and_for_no_other() -> None:
    gate, clock = make_gate()
    good = TOKENS.issue([Scope.READ], ttl_s=60)
    for _ in range(3):
        with pytest.raises(InvalidTokenError):
            gate.admit("forged", Scope.READ, client=AWAY)
    with pytest.raises(RateLimitedError) as caught:
        gate.admit("forged", Scope.READ, client=AWAY)
    assert caught.value.retry_after_s == 20
    gate.admit(good, Scope.READ, client=HERE)
    gate.admit(good, Scope.READ, client=AWAY)  # others may be behind the same address
    clock.now_s += 20
    with pytest.raises(InvalidTokenError):
        gate.admit("forged", Scope.READ, client=AWAY)


def test_an_old_or_missing_token_is_no_attack() -> None:
    gate, _ = make_gate()
    old = Tokens(bytes(range(32)), now=lambda: time.time() - 3600).issue([Scope.READ], ttl_s=60)
    for _ in range(10):
        with pytest.raises(ExpiredTokenError):
            gate.admit(old, Scope.READ, client=AWAY)
        with pytest.raises(MissingTokenError):
            gate.admit(None, Scope.READ, client=AWAY)


def test_openings_are_limited_for_their_token_and_for_no_other() -> None:
    gate, clock = make_gate()
    one, other = (TOKENS.read(TOKENS.issue([Scope.PUBLISH], ttl_s=60)) for _ in range(2))
    for _ in range(3):
        gate.count_opening(one, AWAY)
    with pytest.raises(RateLimitedError, match="20 s"):
        gate.count_opening(one, HERE)
    gate.count_opening(other, AWAY)
    clock.now_s += 20
    gate.count_opening(one, AWAY)


def test_who_signs_in_again_has_no_more_openings() -> None:
    gate, _ = make_gate()
    token = TOKENS.read(TOKENS.issue([Scope.PUBLISH], ttl_s=60))
    for number in range(3):
        gate.count_opening(replace(token, token_id=f"t{number}", subject="u-1"), AWAY)
    with pytest.raises(RateLimitedError):
        gate.count_opening(replace(token, token_id="t4", subject="u-1"), AWAY)
    gate.count_opening(replace(token, token_id="t4", subject="u-2"), AWAY)


def test_without_a_key_openings_are_limited_for_their_address() -> None:
    gate, _ = make_gate(None)
    for _ in range(3):
        gate.count_opening(ANYBODY, HERE)
    with pytest.raises(RateLimitedError):
        gate.count_opening(ANYBODY, HERE)
    gate.count_opening(ANYBODY, "::1")


def test_without_a_key_this_machine_may_do_everything_and_no_other() -> None:
    gate, _ = make_gate(None)
    assert gate.admit(None, Scope.ADMIN, client=HERE) is ANYBODY
    assert gate.admit("any", Scope.PUBLISH, identity="ada", client="::1") is ANYBODY
    for client in (AWAY, "", "example.com"):
        with pytest.raises(ForbiddenError, match="STREAM_VERIFIER_TOKEN_KEY"):
            gate.admit(None, Scope.READ, client=client)


def test_the_settings_make_the_gate(tmp_path: Path) -> None:
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    gate = Gate.of(load_settings(data_dir=tmp_path, token_key=key))
    token = TOKENS.issue([Scope.READ], ttl_s=60)
    assert gate.admit(token, Scope.READ, client=AWAY).scopes == {Scope.READ}
    assert Gate.of(load_settings(data_dir=tmp_path)).tokens is None
    with pytest.raises(SettingsError, match="token key has 6 bytes") as caught:
        Gate.of(load_settings(data_dir=tmp_path, token_key="c2VjcmV0"))
    assert "c2VjcmV0" not in str(caught.value)
