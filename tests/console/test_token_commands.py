from __future__ import annotations

import pytest

from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.identities.keys import parse_key
from tests.support.commands import refused, run


def test_a_key_and_a_token_come_alone_on_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    key = run("key")
    monkeypatch.setenv("STREAM_VERIFIER_TOKEN_KEY", key.strip())
    printed = run(
        "token", "--scope", "call:publish", "--scope", "events:read", "--identity", "ada",
        "--ttl", "60",
    )  # fmt: skip
    assert printed.count("\n") == 1
    grant = Tokens(parse_key(key)).read(printed.strip())
    assert (grant.scopes, grant.identity) == ({Scope.PUBLISH, Scope.READ}, "ada")


def test_two_keys_differ() -> None:
    assert run("key") != run("key")


def test_without_a_key_no_token_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STREAM_VERIFIER_TOKEN_KEY", raising=False)
    assert "stream-verifier key" in refused("token", "--scope", "admin")


def test_what_cannot_be_issued_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_TOKEN_KEY", run("key").strip())
    assert "administrator" in refused("token", "--scope", "admin", "--identity", "ada")
    assert "86400" in refused("token", "--scope", "admin", "--ttl", "100000")
    assert "everything" in run("token", "--scope", "everything", code=2)
