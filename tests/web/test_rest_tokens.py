from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stream_verifier.access.scopes import Scope
from tests.support.rest_app import ADMIN, TOKENS, auth, client_of, make_app

WANTED = {"scopes": ["call:publish"], "identity": "ada", "ttl_s": 120}


async def test_an_administrator_gets_a_token_that_works(tmp_path: Path) -> None:
    async with client_of(make_app(tmp_path)) as client:
        answer = await client.post("/api/v1/tokens", json=WANTED, headers=ADMIN)
        assert answer.status_code == 201
        assert answer.headers["cache-control"] == "no-store"
        told = answer.json()
    grant = TOKENS.read(told["token"])
    assert (grant.scopes, grant.identity) == ({Scope.PUBLISH}, "ada")
    assert grant.token_id == told["token_id"]
    left = datetime.fromisoformat(told["expires_at"]) - datetime.now(UTC)
    assert timedelta(seconds=100) < left <= timedelta(seconds=120)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({}, "bad_request"),
        ({"scopes": []}, "bad_request"),
        ({"scopes": ["everything"]}, "bad_request"),
        ({**WANTED, "ttl_s": 100_000}, "bad_request"),
        ({**WANTED, "ttl_s": 0}, "bad_request"),
        ({**WANTED, "surprise": 1}, "bad_request"),
        ({**WANTED, "identity": "a/b"}, "bad_identity"),
        ({**WANTED, "session": "x" * 65}, "bad_request"),
        ({**WANTED, "scopes": ["admin"]}, "bad_token_request"),
    ],
)
async def test_what_cannot_be_issued_is_said(
    tmp_path: Path, wanted: dict[str, Any], code: str
) -> None:
    async with client_of(make_app(tmp_path), headers=ADMIN) as client:
        answer = await client.post("/api/v1/tokens", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_body_that_is_not_said_to_be_json_is_told_so(tmp_path: Path) -> None:
    async with client_of(make_app(tmp_path), headers=ADMIN) as client:
        answer = await client.post("/api/v1/tokens", content=json.dumps(WANTED))
    assert answer.status_code == 422
    assert "Content-Type: application/json" in answer.json()["detail"]


@pytest.mark.parametrize("body", [b"{'scopes': ['admin']}", b""])
async def test_a_body_that_is_no_json_is_told_so(tmp_path: Path, body: bytes) -> None:
    headers = {**ADMIN, "content-type": "application/json"}
    async with client_of(make_app(tmp_path), headers=headers) as client:
        answer = await client.post("/api/v1/tokens", content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
    assert answer.json()["detail"].startswith("body: send a JSON object")


async def test_a_path_or_method_that_is_none_is_told_what_to_do(tmp_path: Path) -> None:
    async with client_of(make_app(tmp_path), headers=ADMIN) as client:
        path = await client.get("/api/v1/identities/a%2Fb")
        method = await client.patch("/api/v1/calls")
    assert (path.status_code, path.json()["code"]) == (404, "not_found")
    assert "check it" in path.json()["detail"]
    assert (method.status_code, method.json()["code"]) == (405, "method_not_allowed")
    assert "Allow" in method.json()["detail"]


async def test_without_a_key_there_are_no_tokens(tmp_path: Path) -> None:
    app = make_app(tmp_path, token_key=None)
    async with client_of(app, address="127.0.0.1") as client:
        answer = await client.post("/api/v1/tokens", json=WANTED)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_token_key")


@pytest.mark.parametrize(
    ("header", "code", "challenge"),
    [
        (None, "missing_token", "Bearer"),
        ("Basic YTpi", "missing_token", "Bearer"),
        ("Bearer ", "missing_token", "Bearer"),
        ("Bearer garbage", "invalid_token", 'Bearer error="invalid_token"'),
    ],
)
async def test_a_refusal_says_how_to_get_in(
    tmp_path: Path, header: str | None, code: str, challenge: str
) -> None:
    headers = {} if header is None else {"authorization": header}
    async with client_of(make_app(tmp_path), headers=headers) as client:
        answer = await client.get("/api/v1/identities")
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["www-authenticate"] == challenge
    assert answer.headers["content-type"] == "application/problem+json"


async def test_guessing_is_slowed_down_for_that_address_only(tmp_path: Path) -> None:
    app = make_app(tmp_path, bad_tokens_per_minute=2)
    forged = {"authorization": "Bearer forged"}
    async with client_of(app) as guesser, client_of(app, address="192.0.2.8") as other:
        for _ in range(2):
            assert (await guesser.get("/api/v1/calls", headers=forged)).status_code == 401
        answer = await guesser.get("/api/v1/calls", headers=forged)
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert 1 <= int(answer.headers["retry-after"]) <= 30
        assert (await other.get("/api/v1/calls", headers=auth(Scope.READ))).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"x-forwarded-for": "192.0.2.9"}, 403),
        ({"x-forwarded-for": "127.0.0.1, 192.0.2.9"}, 403),
        ({"x-forwarded-for": "127.0.0.1"}, 403),
        ({"x-forwarded-for": "127.0.0.1, 127.0.0.1"}, 403),
        ({"forwarded": "for=192.0.2.9"}, 403),
        ({"via": "1.1 cache"}, 403),
        ({"x-real-ip": "127.0.0.1"}, 403),
        ({"x-forwarded-host": "verifier.example"}, 403),
        ({"cf-connecting-ip": "127.0.0.1"}, 403),
    ],
)
async def test_without_a_key_a_proxy_lends_its_place_to_nobody(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    app = make_app(tmp_path, token_key=None)
    async with client_of(app, address="127.0.0.1", headers=headers) as client:
        assert (await client.get("/api/v1/identities")).status_code == status
    async with client_of(app, headers=headers) as client:
        assert (await client.get("/api/v1/health")).status_code == 200
