"""The rules of WHIP (RFC 9725), with media that comes from our own publisher."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from calls import TIMEOUT_S, DemoCalls, make_settings
from told import Told

from stream_verifier.app import create_app
from stream_verifier.errors import StreamVerifierError
from stream_verifier.events.schema import SessionEnded, State, StateChanged
from stream_verifier.media.ice import LOOPBACK
from stream_verifier.media.publisher import Publisher

SDP = {"content-type": "application/sdp"}


class Gate:
    """Lets in who knows the word, and notes what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []

    def admit(self, token: str | None, scope: str, **about: Any) -> None:
        self.asked.append((scope, about["identity"]))
        if token != "open":
            raise StreamVerifierError("Bring a token.")


@pytest_asyncio.fixture
async def app(enrolled_dir: Path) -> AsyncIterator[Any]:
    settings = make_settings(
        enrolled_dir, max_calls=1, ice_servers=("stun:127.0.0.1:9",),
        turn_urls=("turn:127.0.0.1:9?transport=udp",), turn_secret="secret",
        allowed_hosts=("test",),
    )  # fmt: skip
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest_asyncio.fixture
async def http(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest_asyncio.fixture
async def publisher(demo_calls: DemoCalls) -> AsyncIterator[Publisher]:
    publisher = Publisher(demo_calls.get("grace", "grace"), host_addresses=LOOPBACK)
    yield publisher
    await publisher.close()


async def test_a_call_is_opened_verified_and_ended(
    http: httpx.AsyncClient, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told(monkeypatch)
    async with asyncio.timeout(TIMEOUT_S):
        offer = await publisher.offer()
        answer = await http.post("/api/v1/whip/grace", content=offer, headers=SDP)
        assert (answer.status_code, answer.headers["content-type"]) == (201, "application/sdp")
        assert answer.headers["etag"].strip('"')
        session = answer.headers["location"]
        await publisher.accept(answer.text)
        await told.until(StateChanged, lambda change: change.state is State.VERIFIED)
        assert (await http.delete(session)).status_code == 200
        assert (await told.until(SessionEnded)).reason == "stopped"
        gone = await http.delete(session)
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_session")


async def test_ice_servers_come_as_links(http: httpx.AsyncClient, publisher: Publisher) -> None:
    offer = await publisher.offer()
    answer = await http.post("/api/v1/whip/grace", content=offer, headers=SDP)
    stun, turn = answer.headers.get_list("link")
    assert stun == '<stun:127.0.0.1:9>; rel="ice-server"'
    assert turn.startswith('<turn:127.0.0.1:9?transport=udp>; rel="ice-server"; username="')
    assert 'credential="' in turn and turn.endswith('credential-type="password"')


async def test_the_location_keeps_the_prefix_of_a_mount(
    app: Any, http: httpx.AsyncClient, publisher: Publisher
) -> None:
    transport = httpx.ASGITransport(app, root_path="/verify")
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as mounted:
        path = "/verify/api/v1/whip/grace"
        answer = await mounted.post(path, content=await publisher.offer(), headers=SDP)
        assert answer.headers["location"].startswith("/verify/api/v1/whip/sessions/")
        assert (await mounted.delete(answer.headers["location"])).status_code == 200


@pytest.mark.parametrize(
    ("path", "headers", "content", "status", "code"),
    [
        ("grace", SDP, b"nonsense", 400, "bad_sdp"),
        ("grace", SDP, b"\xff\xfe", 400, "bad_message"),
        ("grace", SDP, b"v" * 70_000, 413, "http_error"),
        ("grace", {"content-type": "application/json"}, b"{}", 415, "http_error"),
        ("grace", {}, b"", 415, "http_error"),
        ("nobody", SDP, b"v=0", 404, "unknown_identity"),
        ("x" * 65, SDP, b"v=0", 422, "bad_identity"),
    ],
)
async def test_what_cannot_be_published_is_a_problem(
    http: httpx.AsyncClient,
    path: str,
    headers: dict[str, str],
    content: bytes,
    status: int,
    code: str,
) -> None:
    answer = await http.post(f"/api/v1/whip/{path}", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_full_server_says_so(
    http: httpx.AsyncClient, publisher: Publisher, demo_calls: DemoCalls
) -> None:
    first = await http.post("/api/v1/whip/grace", content=await publisher.offer(), headers=SDP)
    assert first.status_code == 201
    second = await http.post("/api/v1/whip/grace", content=b"v=0", headers=SDP)
    assert (second.status_code, second.json()["code"]) == (503, "server_full")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "sessions/any", "DELETE, OPTIONS"),
        ("GET", "sessions/any", "DELETE, OPTIONS"),
        ("POST", "sessions/any", "DELETE, OPTIONS"),
        ("GET", "grace", "OPTIONS, POST"),
        ("DELETE", "grace", "OPTIONS, POST"),
    ],
)
async def test_other_methods_are_refused_with_those_there_are(
    http: httpx.AsyncClient, method: str, path: str, allow: str
) -> None:
    answer = await http.request(method, f"/api/v1/whip/{path}")
    assert answer.status_code == 405
    assert ", ".join(sorted(answer.headers["allow"].split(", "))) == allow


async def test_options_say_what_may_be_posted(http: httpx.AsyncClient) -> None:
    answer = await http.options("/api/v1/whip/grace")
    assert (answer.status_code, answer.headers["accept-post"]) == (204, "application/sdp")


async def test_publishing_and_ending_ask_for_a_token_of_that_identity(
    app: Any, http: httpx.AsyncClient, publisher: Publisher
) -> None:
    app.state.gate = gate = Gate()
    offer = await publisher.offer()
    refused = await http.post("/api/v1/whip/grace", content=offer, headers=SDP)
    assert refused.status_code == 500 and app.state.sessions.count == 0
    allowed = SDP | {"authorization": "Bearer open"}
    answer = await http.post("/api/v1/whip/grace", content=offer, headers=allowed)
    session = answer.headers["location"]
    assert (await http.delete(session)).status_code == 500
    assert (await http.delete(session, headers=allowed)).status_code == 200
    assert set(gate.asked) == {("call:publish", "grace")}
