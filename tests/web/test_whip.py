"""The rules of WHIP (RFC 9725), with media that comes from our own publisher."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from stream_verifier.access.gate import Gate
from stream_verifier.access.scopes import Scope
from stream_verifier.app import create_app
from stream_verifier.events.schema import SessionEnded, State, StateChanged
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.publisher import Publisher
from tests.support.calls import TIMEOUT_S, DemoCalls, make_settings
from tests.support.rest_app import KEY, auth, stand_in
from tests.support.told import Told

pytestmark = pytest.mark.asyncio(loop_scope="module")
SDP = {"content-type": "application/sdp"}


@pytest.fixture
def more() -> dict[str, Any]:
    """Settings beside the usual ones; a test may name others."""
    return {}


@contextlib.asynccontextmanager
async def started(folder: Path, **more: Any) -> AsyncIterator[Any]:
    app = create_app(make_settings(folder, max_calls=1, allowed_hosts=("test",), **more))
    async with app.router.lifespan_context(app):
        yield app


def client_of(app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest_asyncio.fixture(loop_scope="module")
async def app(enrolled_dir: Path, more: dict[str, Any]) -> AsyncIterator[Any]:
    async with started(enrolled_dir, **more) as app:
        yield app


@pytest_asyncio.fixture(loop_scope="module")
async def http(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def idle(enrolled_dir: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Asks one application for all tests in which no call begins."""
    async with started(enrolled_dir) as app, client_of(app) as client:
        yield client
        assert app.state.server.sessions.count == 0


@pytest_asyncio.fixture(loop_scope="module")
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
        challenge = f"/api/v1/calls/{session.rsplit('/', 1)[1]}/challenge"
        refused = await http.post(challenge, json={})
        assert (refused.status_code, refused.json()["code"]) == (409, "nobody_tells")
        asked = await http.post(challenge, json={"asker_tells": True})
        assert (asked.status_code, asked.json()["kind"]) == (201, "turn_head")
        assert (await http.delete(session)).status_code == 200
        assert (await told.until(SessionEnded)).reason == "stopped"
        gone = await http.delete(session)
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_session")


# Nothing answers there, so gathering takes its five seconds.
@pytest.mark.parametrize(
    "more",
    [
        {
            "ice_servers": ("stun:127.0.0.1:9",),
            "turn_urls": ("turn:127.0.0.1:9?transport=udp",),
            "turn_secret": "a secret of tests",
        }
    ],
)
async def test_ice_servers_come_as_links(http: httpx.AsyncClient, publisher: Publisher) -> None:
    offer = await publisher.offer()
    answer = await http.post("/api/v1/whip/grace", content=offer, headers=SDP)
    stun, turn = answer.headers.get_list("link")
    assert stun == '<stun:127.0.0.1:9>; rel="ice-server"'
    assert turn.startswith('<turn:127.0.0.1:9?transport=udp>; rel="ice-server"; username="')
    assert 'credential="' in turn
    assert turn.endswith('credential-type="password"')


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
        ("grace", SDP, b"v" * 70_000, 413, "body_too_long"),
        ("grace", {"content-type": "application/json"}, b"{}", 415, "unsupported_media_type"),
        ("grace", {}, b"", 415, "unsupported_media_type"),
        ("nobody", SDP, b"v=0", 404, "unknown_identity"),
        ("x" * 65, SDP, b"v=0", 422, "bad_identity"),
    ],
)
async def test_what_cannot_be_published_is_a_problem(
    idle: httpx.AsyncClient,
    path: str,
    headers: dict[str, str],
    content: bytes,
    status: int,
    code: str,
) -> None:
    answer = await idle.post(f"/api/v1/whip/{path}", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_full_server_says_so(
    http: httpx.AsyncClient, publisher: Publisher, demo_calls: DemoCalls
) -> None:
    first = await http.post("/api/v1/whip/grace", content=await publisher.offer(), headers=SDP)
    assert first.status_code == 201
    second = await http.post("/api/v1/whip/grace", content=b"v=0", headers=SDP)
    assert (second.status_code, second.json()["code"]) == (503, "server_full")
    assert second.headers["retry-after"] == "30"
    ready = await http.get("/api/v1/ready")
    assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
    assert ready.headers["retry-after"] == "30"
    assert "1 of 1" in ready.json()["detail"]


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
    idle: httpx.AsyncClient, method: str, path: str, allow: str
) -> None:
    answer = await idle.request(method, f"/api/v1/whip/{path}")
    assert answer.status_code == 405
    assert ", ".join(sorted(answer.headers["allow"].split(", "))) == allow


async def test_options_say_what_may_be_posted(idle: httpx.AsyncClient) -> None:
    answer = await idle.options("/api/v1/whip/grace")
    assert (answer.status_code, answer.headers["accept-post"]) == (204, "application/sdp")


def guard(app: Any, folder: Path, **changes: Any) -> None:
    """Ask for tokens from now on."""
    stand_in(app, gate=Gate.of(make_settings(folder, token_key=KEY, **changes)))


WRONG: tuple[tuple[dict[str, str], int], ...] = (
    ({}, 401),
    ({"authorization": "Bearer forged"}, 401),
    (auth(Scope.ENROL, identity="grace"), 403),
    (auth(Scope.PUBLISH, identity="ada"), 403),
    (auth(Scope.PUBLISH, session="another"), 403),
)


async def test_publishing_and_ending_ask_for_a_token_of_that_identity(
    app: Any, http: httpx.AsyncClient, publisher: Publisher, tmp_path: Path
) -> None:
    guard(app, tmp_path)
    offer, allowed = await publisher.offer(), auth(Scope.PUBLISH, identity="grace")
    for wrong, status in WRONG:
        refused = await http.post("/api/v1/whip/grace", content=offer, headers=SDP | wrong)
        assert (refused.status_code, app.state.server.sessions.count) == (status, 0)
    answer = await http.post("/api/v1/whip/grace", content=offer, headers=SDP | allowed)
    session = answer.headers["location"]
    for wrong, status in WRONG:
        assert (await http.delete(session, headers=wrong)).status_code == status
    assert app.state.server.sessions.count == 1
    assert (await http.delete(session, headers=allowed)).status_code == 200


async def test_whether_a_call_runs_is_told_only_to_who_has_a_token(
    app: Any, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    guard(app, tmp_path)
    assert (await http.delete("/api/v1/whip/sessions/none")).status_code == 401
    answer = await http.delete("/api/v1/whip/sessions/none", headers=auth(Scope.PUBLISH))
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_session")


async def test_publishing_counts_as_opening_a_call(
    app: Any, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    guard(app, tmp_path, openings_per_minute=2)
    own, other = auth(Scope.PUBLISH), auth(Scope.PUBLISH)
    strange = [await http.post("/api/v1/whip/nobody", content=b"v=0", headers=SDP) for _ in "123"]
    assert {answer.json()["code"] for answer in strange} == {"missing_token"}
    told = [
        await http.post("/api/v1/whip/nobody", content=b"v=0", headers=SDP | token)
        for token in (own, own, other, own)
    ]
    assert [answer.json()["code"] for answer in told] == [
        "unknown_identity", "unknown_identity", "unknown_identity", "rate_limited",
    ]  # fmt: skip
    assert told[-1].status_code == 429
    assert int(told[-1].headers["retry-after"]) > 0


async def test_no_offer_makes_the_server_fail(
    app: Any, http: httpx.AsyncClient, publisher: Publisher
) -> None:
    lines = (await publisher.offer()).splitlines()
    for number, kind in enumerate(line.partition(":")[0] for line in lines):
        if kind in {line.partition(":")[0] for line in lines[:number]}:
            continue
        without = [line for line in lines if line.partition(":")[0] != kind]
        garbled = [kind + ":" if line.partition(":")[0] == kind else line for line in lines]
        for offer in (without, garbled):
            content = "\r\n".join([*offer, ""])
            answer = await http.post("/api/v1/whip/grace", content=content, headers=SDP)
            assert answer.status_code in (201, 400), (kind, answer.text)
            if answer.status_code == 201:
                session = answer.headers["location"].rpartition("/")[2]
                await app.state.server.sessions.end(session)
