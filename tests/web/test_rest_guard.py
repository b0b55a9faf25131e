from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.requests import ClientDisconnect

from stream_verifier.web.origins import host_allowed
from tests.support.rest_app import ADMIN, client_of, make_app

PORTAL = "https://portal.example"


@pytest.mark.parametrize("name", ["token", "Token", "access_token", "resume_key", "%74oken"])
async def test_a_secret_in_a_query_is_refused_and_told_why(tmp_path: Path, name: str) -> None:
    async with client_of(make_app(tmp_path), headers=ADMIN) as client:
        answer = await client.get(f"/api/v1/identities?x=1&{name}=abc.def")
    assert (answer.status_code, answer.json()["code"]) == (400, "secret_in_query")
    assert "Authorization" in answer.json()["detail"]
    assert "abc" not in answer.text


async def chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 1024


async def test_no_more_of_a_body_is_read_than_allowed(tmp_path: Path) -> None:
    headers = ADMIN | {"content-type": "application/json"}
    async with client_of(make_app(tmp_path), headers=headers) as client:
        told = await client.post("/api/v1/tokens", content=b"x" * 65537)
        untold = await client.post("/api/v1/tokens", content=chunks(65))
        fits = await client.post("/api/v1/tokens", content=chunks(64))
    for answer in (told, untold):
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_long")
    assert fits.status_code == 422


@pytest.mark.parametrize("path", ["whip/ada", "identities/ada"])
async def test_a_sender_that_vanishes_is_no_failure(tmp_path: Path, path: str) -> None:
    """It raised to the server, which logged it as an error, ten of which keep others out."""

    async def vanishing() -> AsyncIterator[bytes]:
        yield b"--b"
        raise ClientDisconnect  # as a server tells it: half a body, then nobody

    kind = "application/sdp" if path.startswith("whip") else "multipart/form-data; boundary=b"
    headers = ADMIN | {"content-type": kind}
    async with client_of(make_app(tmp_path), headers=headers) as client:
        answer = await client.post(f"/api/v1/{path}", content=vanishing())
    assert answer.status_code == 400


async def test_an_endless_path_is_refused(tmp_path: Path) -> None:
    async with client_of(make_app(tmp_path), headers=ADMIN) as client:
        answer = await client.get("/api/v1/identities/" + "x" * 5000)
    assert (answer.status_code, answer.json()["code"]) == (414, "uri_too_long")


@pytest.mark.parametrize(
    ("origin", "status"),
    [(PORTAL, 204), ("http://localhost:8080", 204), ("https://evil.example", 403), ("null", 403)],
)
async def test_only_known_pages_change_things(tmp_path: Path, origin: str, status: int) -> None:
    app = make_app(tmp_path, allowed_origins=(PORTAL,))
    async with client_of(app, headers=ADMIN | {"origin": origin}) as client:
        assert (await client.delete("/api/v1/calls/s-running")).status_code == status
    assert bool(app.state.server.sessions.ended) is (status == 204)


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("POST", "/api/v1/identities", 405, {"GET"}),
        ("GET", "/api/v1/tokens", 405, {"POST"}),
        ("PUT", "/api/v1/identities/ada", 405, {"GET", "DELETE", "POST"}),
        ("GET", "/api/v1/nothing", 404, set()),
        ("GET", "/api/x", 404, set()),
    ],
)
async def test_the_api_answers_for_what_it_lacks(
    tmp_path: Path, method: str, path: str, status: int, allow: set[str]
) -> None:
    async with client_of(make_app(tmp_path)) as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert set(answer.headers.get("allow", "").split(", ")) - {""} == allow


async def test_known_origins_may_use_the_api_and_others_not(tmp_path: Path) -> None:
    app = make_app(tmp_path, allowed_origins=(PORTAL,))
    async with client_of(app, headers=ADMIN) as client:
        for origin, allowed in ((PORTAL, PORTAL), ("https://evil.example", None)):
            ask = {
                "origin": origin,
                "access-control-request-method": "DELETE",
                "access-control-request-headers": "authorization",
            }
            preflight = await client.options("/api/v1/identities/ada", headers=ask)
            assert preflight.headers.get("access-control-allow-origin") == allowed
            assert (preflight.status_code == 200) is (allowed is not None)
            answer = await client.get("/api/v1/identities", headers={"origin": origin})
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert "access-control-allow-credentials" not in answer.headers
            assert "retry-after" in answer.headers.get("access-control-expose-headers", "") or (
                allowed is None
            )


@pytest.mark.parametrize("origin", [None, "https://any.example", PORTAL])
async def test_any_page_may_load_the_sdk_and_nothing_else(
    tmp_path: Path, origin: str | None
) -> None:
    app = make_app(tmp_path, allowed_origins=(PORTAL,))
    headers = {} if origin is None else {"origin": origin}
    async with client_of(app, headers=headers) as client:
        module = await client.get("/js/stream-verifier.js")
        page = await client.get("/")
        api = await client.get("/api/v1/health")
    assert module.status_code == page.status_code == api.status_code == 200
    assert module.headers.get_list("access-control-allow-origin") == ["*"]
    assert module.headers["cross-origin-resource-policy"] == "cross-origin"
    for answer in (page, api):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers.get("access-control-allow-origin") != "*"
        if origin != PORTAL:
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"


async def test_a_foreign_host_is_refused_with_the_headers_on(tmp_path: Path) -> None:
    async with client_of(make_app(tmp_path), headers={"host": "evil.example"}) as client:
        answer = await client.get("/api/v1/health")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_host")
    assert "STREAM_VERIFIER_ALLOWED_HOSTS" in answer.json()["detail"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("host", "allowed", "known"),
    [
        ("localhost", ("localhost",), True),
        ("LOCALHOST:8080", ("localhost",), True),
        ("[::1]:8080", ("[::1]",), True),
        ("a.verify.example", ("*.verify.example",), True),
        ("any.thing", ("*",), True),
        ("verify.example", ("*.verify.example",), False),
        ("eviverify.example", ("*.verify.example",), False),
        ("localhost.evil.example", ("localhost",), False),
        ("localhost@evil.example", ("localhost",), False),
        ("evil.example:localhost", ("localhost",), False),
        ("localhost:80:80", ("localhost",), False),
        ("localhost\n", ("localhost",), False),
        ("", ("*",), False),
        (None, ("*",), False),
    ],
)
def test_names(host: str | None, allowed: tuple[str, ...], known: bool) -> None:
    assert host_allowed(host, allowed) is known
