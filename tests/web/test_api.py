from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from model.types import Reference
from stream_verifier.hosting.server import RunningServer, running_server
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.keys import load_or_create_keys
from stream_verifier.identities.opening import open_store
from stream_verifier.web.origins import origin_allowed
from tests.support.calls import make_settings

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    """A server whose store holds Ada, Bob and Zoë."""
    settings = make_settings(tmp_path_factory.mktemp("store"))
    store = open_store(settings)
    for name in ("ada", "bob", "zoë"):
        consent = Consent(name, datetime.now(UTC), "tests", "A text only the store keeps.")
        await store.add(name, make_reference_of_noise(), consent)
    await store.close()
    async with running_server(settings) as server:
        yield server


def make_reference_of_noise() -> Reference:
    rng = np.random.default_rng(1)
    face, voice = (rng.standard_normal(n).astype(np.float32) for n in (128, 192))
    return Reference(
        "some-model", face / np.linalg.norm(face), voice / np.linalg.norm(voice), 3, 9.5
    )


async def ask(server: RunningServer, path: str, *, method: str = "GET", **headers: str) -> Answer:
    request = urllib.request.Request(server.address + path, method=method, headers=headers)

    def send() -> Answer:
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return Answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    return await asyncio.to_thread(send)


async def test_identities_are_listed_without_vectors_or_consent_text(
    server: RunningServer,
) -> None:
    answer = await ask(server, "/api/v1/identities")
    listed = {item["name"]: item for item in answer.json["identities"]}
    assert {"ada", "zoë"} <= set(listed)
    assert listed["ada"]["faces"] == 3
    assert listed["ada"]["adapted_from"] == []
    assert set(listed["ada"]) == {
        "id", "name", "created_at", "model", "faces", "speech_s", "consent", "origin", "replaces",
        "adapted_from", "widened",
    }  # fmt: skip
    assert b"only the store keeps" not in answer.body


async def test_one_identity_is_shown_by_its_name(server: RunningServer) -> None:
    assert (await ask(server, "/api/v1/identities/zo%C3%AB")).json["name"] == "zoë"


async def test_a_deleted_identity_is_gone(server: RunningServer) -> None:
    deleted = await ask(server, "/api/v1/identities/bob", method="DELETE")
    assert (deleted.status, deleted.json["name"]) == (200, "bob")
    answer = await ask(server, "/api/v1/identities/bob")
    assert (answer.status, answer.json["code"]) == (404, "unknown_identity")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/api/v1/identities/nobody", "GET", 404),
        ("/api/v1/identities/nobody", "DELETE", 404),
        ("/api/v1/identities/.hidden", "GET", 422),
        ("/api/v1/nothing", "GET", 404),
        ("/..%2f..%2fpyproject.toml", "GET", 404),
    ],
)
async def test_errors_are_problem_details(
    server: RunningServer, path: str, method: str, status: int
) -> None:
    answer = await ask(server, path, method=method)
    assert (answer.status, answer.json["status"]) == (status, status)
    assert answer.json["detail"]


async def test_health_says_how_full_it_is(server: RunningServer) -> None:
    assert (await ask(server, "/api/v1/health")).json == {
        "status": "ok", "calls": 0, "max_calls": 8, "spare_calls": 8,
        "lag_s": 0.0, "overloaded": False,
    }  # fmt: skip


async def test_the_page_and_its_modules_are_served_with_a_strict_policy(
    server: RunningServer,
) -> None:
    page = await ask(server, "/")
    assert b"<!doctype html>" in page.body.lower()
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    module = await ask(server, "/js/stream-verifier.js")
    assert "javascript" in module.headers["content-type"]


async def test_a_rebound_host_name_is_refused(server: RunningServer) -> None:
    assert (await ask(server, "/api/v1/identities", Host="evil.example")).status == 400


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://127.0.0.1:8080", True),
        ("https://portal.example", True),
        ("http://127.0.0.1:9999", False),
        ("http://evil.example", False),
        ("null", False),
        ("http://[::1", False),
    ],
)
async def test_origins(origin: str | None, allowed: bool) -> None:
    known = ("https://portal.example",)
    assert origin_allowed(origin, "127.0.0.1:8080", known) is allowed


async def test_a_reference_of_another_model_asks_to_enrol_again(server: RunningServer) -> None:
    from tests.support.calls import say, start_message

    answer = await say(server, start_message(identity="ada"))
    assert answer["code"] == "reference_of_another_model"
    assert "nrol" in answer["message"]


async def test_a_broken_store_is_told_with_what_to_do(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    load_or_create_keys(tmp_path / "store.key")
    (tmp_path / "identities.db").write_bytes(b"this is no database" * 100)
    async with running_server(settings) as server:
        answer = await ask(server, "/api/v1/identities")
    assert (answer.status, answer.json["code"]) == (503, "store_failed")
    assert "move this one away" in answer.json["detail"]
    assert str(tmp_path).encode() not in answer.body
