"""Roles of an identity provider, over HTTP from end to end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx
import pytest

from stream_verifier.access.provider import Provider
from stream_verifier.access.scopes import Scope
from stream_verifier.errors import SettingsError
from stream_verifier.settings import load_settings
from stream_verifier.web import provider_keys
from stream_verifier.web.provider_keys import follow_keys
from stream_verifier.web.state import state_of_app
from tests.support.hosts import hosted
from tests.support.provider import FakeProvider
from tests.support.rest_app import ADMIN, KEY, client_of, make_app

ROLES = {"heads": (Scope.ADMIN,), "guards": (Scope.READ,)}


@contextlib.asynccontextmanager
async def followed(folder: Path, fake: FakeProvider, **settings: Any) -> AsyncIterator[Any]:
    """An application that takes the provider's tokens, and follows its keys quickly."""
    async with hosted(fake.app()) as address:
        fake.issuer = address
        app = make_app(folder, oidc_issuer=address, oidc_roles=ROLES, **settings)
        provider = state_of_app(app).gate.provider
        assert isinstance(provider, Provider)
        following = asyncio.create_task(follow_keys(provider, every_s=60, least_s=0.02))
        try:
            yield app
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def eventually(client: Any, token: str, path: str, status: int) -> Any:
    async with asyncio.timeout(20):
        while True:
            headers = {"authorization": f"Bearer {token}"}
            answer = await client.get(f"/api/v1/{path}", headers=headers)
            if answer.status_code == status:
                return answer
            await asyncio.sleep(0.02)


async def settled(fake: FakeProvider) -> int:
    """How often the provider was asked, once nobody asks on: a token that came before the first
    keys has them fetched once more."""
    async with asyncio.timeout(20):
        while True:
            asked = fake.asked
            await asyncio.sleep(0.3)
            if fake.asked == asked:
                return asked


async def asked_again(fake: FakeProvider, before: int) -> None:
    async with asyncio.timeout(20):
        while True:
            if fake.asked > before:
                return
            await asyncio.sleep(0.02)


async def test_roles_open_what_they_are_for_and_nothing_else(tmp_path: Path) -> None:
    fake = FakeProvider()
    async with followed(tmp_path, fake) as app, client_of(app) as client:
        await eventually(client, fake.token("guards"), "calls", 200)
        refused = await eventually(client, fake.token("guards"), "identities", 403)
        assert refused.json()["code"] == "forbidden"
        assert (await eventually(client, fake.token("heads"), "identities", 200)).json()
        await eventually(client, fake.token("cooks"), "calls", 403)
        # This server's own tokens go on beside them.
        assert (await client.get("/api/v1/identities", headers=ADMIN)).status_code == 200


async def test_a_change_of_keys_is_noticed_by_the_first_token(tmp_path: Path) -> None:
    fake = FakeProvider()
    async with followed(tmp_path, fake) as app, client_of(app) as client:
        await eventually(client, fake.token("guards"), "calls", 200)
        asked = await settled(fake)
        fake.rotate("second", curve=True)
        headers = {"authorization": f"Bearer {fake.token('guards')}"}
        assert (await client.get("/api/v1/calls", headers=headers)).status_code == 401
        await asked_again(fake, asked)  # Long before the next look is due.
        assert await settled(fake) == asked + 1
        assert (await client.get("/api/v1/calls", headers=headers)).status_code == 200


async def test_pages_are_told_where_to_sign_in_and_may_ask_for_tokens_there(
    tmp_path: Path,
) -> None:
    fake = FakeProvider()
    fake.more = {"token_endpoint": "https://tokens.example/token"}
    async with followed(tmp_path, fake, oidc_client_id="pages") as app, client_of(app) as client:
        await eventually(client, fake.token("guards"), "calls", 200)
        answer = await client.get("/api/v1/sign-in")
        assert answer.json()["sign_in"] == {
            "issuer": fake.issuer,
            "client_id": "pages",
            "scope": "openid",
            "audience": "stream-verifier",
            "authorization_endpoint": f"{fake.issuer}/authorize",
            "token_endpoint": "https://tokens.example/token",
            "end_session_endpoint": None,
        }
        policy = (await client.get("/monitor.html")).headers["content-security-policy"]
        (connects,) = (part for part in policy.split("; ") if part.startswith("connect-src"))
        assert connects.split()[-1] == "https://tokens.example"


async def test_a_provider_without_a_place_to_sign_in_is_none_for_pages(tmp_path: Path) -> None:
    fake = FakeProvider()
    fake.more = {"token_endpoint": "http://tokens.example/token"}
    async with followed(tmp_path, fake, oidc_client_id="pages") as app, client_of(app) as client:
        await eventually(client, fake.token("guards"), "calls", 200)
        assert (await client.get("/api/v1/sign-in")).json()["code"] == "not_ready"
        policy = (await client.get("/")).headers["content-security-policy"]
        assert "tokens.example" not in policy


async def test_where_no_client_is_named_nobody_is_sent_anywhere(tmp_path: Path) -> None:
    fake = FakeProvider()
    async with followed(tmp_path, fake) as app, client_of(app) as client:
        await eventually(client, fake.token("guards"), "calls", 200)
        assert (await client.get("/api/v1/sign-in")).json() == {"sign_in": None}
        policy = (await client.get("/")).headers["content-security-policy"]
        assert fake.issuer not in policy


@pytest.mark.parametrize(
    ("more", "status", "why"),
    [
        ({"issuer": "https://login.example"}, 200, "another name"),
        ({"jwks_uri": "http://keys.example/keys"}, 200, "not published by https"),
        ({"jwks_uri": 7}, 200, "not published by https"),
        ({}, 500, "status 500"),
        ({"filler": "x" * 300_000}, 200, "without end"),
    ],
)
async def test_a_provider_that_is_none_is_not_believed(
    tmp_path: Path,
    more: dict[str, Any],
    status: int,
    why: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake = FakeProvider()
    fake.more, fake.status = more, status
    with caplog.at_level(logging.ERROR):
        async with followed(tmp_path, fake) as app, client_of(app) as client:
            answer = await eventually(client, fake.token("heads"), "identities", 503)
            assert answer.json()["code"] == "not_ready"
            for _ in range(500):
                if why in caplog.text:
                    break
                await asyncio.sleep(0.02)
            fake.more, fake.status = {}, 200
            await eventually(client, fake.token("heads"), "identities", 200)
    assert caplog.text.count(why) == 1


async def test_a_clock_that_is_off_is_told_before_anybody_wonders_about_tokens(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watch = provider_keys._ClockWatch()

    async def compare(ahead_s: float, age_s: int = 0) -> int:
        date = formatdate(time.time() - ahead_s - age_s, usegmt=True)
        await watch.compare(httpx.Response(200, headers={"date": date, "age": str(age_s)}))
        await watch.compare(httpx.Response(200))
        return caplog.text.count("from the identity provider's")

    assert await compare(0) == await compare(10) == await compare(0, age_s=300) == 0
    assert await compare(3600) == await compare(3600) == 1
    assert re.search(r"clock is \+360\d s from", caplog.text)
    assert await compare(-10) == 1
    assert await compare(-120) == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"oidc_issuer": "http://login.example"}, "provider's address"),
        ({"oidc_issuer": "login.example"}, "provider's address"),
        ({"oidc_issuer": "https://user@login.example"}, "provider's address"),
        ({"oidc_issuer": "https://login.example?x=1"}, "provider's address"),
        ({"oidc_roles": {}}, "oidc_roles is empty"),
        ({"oidc_roles": {"guards": []}}, "oidc_roles is empty"),
        ({"oidc_roles": {"guards": ["everything"]}}, "oidc_roles"),
        ({"token_key": None}, "needs token_key"),
        ({"oidc_issuer": None, "oidc_client_id": "pages"}, "oidc_client_id needs oidc_issuer"),
        ({"oidc_scope": "profile"}, "oidc_scope"),
    ],
)
def test_settings_that_trust_nobody_or_everybody_are_refused(
    changes: dict[str, Any], why: str
) -> None:
    right: dict[str, Any] = {
        "token_key": KEY, "oidc_issuer": "https://login.example",
        "oidc_roles": {"guards": ["events:read"]},
    }  # fmt: skip
    load_settings(**right)
    with pytest.raises(SettingsError, match=why):
        load_settings(**(right | changes))


def test_roles_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_OIDC_ROLES", '{"guards": ["events:read", "audit:read"]}')
    assert load_settings().oidc_roles == {"guards": (Scope.READ, Scope.AUDIT)}
    monkeypatch.setenv("STREAM_VERIFIER_OIDC_ROLES", "guards")
    with pytest.raises(SettingsError, match="JSON"):
        load_settings()
