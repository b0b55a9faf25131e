from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from stream_verifier.demo.caller import Caller
from stream_verifier.errors import CallRefusedError, SettingsError
from stream_verifier.identities.keys import new_key
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.publisher import Publisher
from stream_verifier.mount import mount
from tests.support.calls import TIMEOUT_S, DemoCalls, make_settings, start_message, wire
from tests.support.hosts import hosted, load_example

TALKATIVE = ("aioice", "aiortc", "aiosqlite", "httpx", "websockets.client")


async def greet(request: Request) -> Response:
    return PlainTextResponse(f"hello from {request.state.place}")


def make_host(kind: type[Starlette], order: list[str]) -> Starlette:
    @contextlib.asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[dict[str, str]]:
        order.append("host starts")
        yield {"place": "the host"}
        order.append("host stops")

    return kind(routes=[Route("/", greet)], lifespan=lifespan)


@pytest.mark.parametrize("kind", [Starlette, FastAPI])
async def test_a_host_serves_it_under_a_prefix_and_keeps_its_own(
    kind: type[Starlette], tmp_path: Path
) -> None:
    order: list[str] = []
    host = make_host(kind, order)
    app = mount(host, "/apps/verify", make_settings(tmp_path))
    async with hosted(host) as address, httpx.AsyncClient(base_url=address) as client:
        assert order == ["host starts"]
        assert not app.state.server.sessions.closing
        own = await client.get("/", headers={"host": "portal.example"})
        assert own.text == "hello from the host"
        assert "content-security-policy" not in own.headers

        health = await client.get("/apps/verify/api/v1/health")
        assert health.json()["status"] == "ok"
        assert "content-security-policy" in health.headers
        foreign = await client.get("/apps/verify/api/v1/health", headers={"host": "evil.example"})
        assert foreign.status_code == 400

        missing = await client.get("/apps/verify/api/v1/nothing")
        assert missing.json()["code"] == "not_found"
        assert (await client.get("/api/v1/health")).status_code == 404
        description = (await client.get("/apps/verify/api/v1/openapi.json")).json()
        assert description["servers"] == [{"url": "/apps/verify"}]
    assert app.state.server.sessions.closing
    assert order == ["host starts", "host stops"]


async def test_the_page_and_the_sdk_work_from_under_the_prefix(tmp_path: Path) -> None:
    host = Starlette()
    mount(host, "/verify", make_settings(tmp_path))
    async with hosted(host) as address, httpx.AsyncClient(base_url=address) as client:
        page = await client.get("/verify", follow_redirects=True)
        assert page.url.path == "/verify/"
        links = re.findall(r'(?:src|href)="([^"#:]+)"', page.text)
        assert "js/app.js" in links
        for link in links:
            assert not link.startswith("/")
            loaded = await client.get(f"/verify/{link}")
            assert loaded.status_code == 200, link
        module = await client.get("/verify/js/stream-verifier.js")
        assert module.headers["access-control-allow-origin"] == "*"
        assert module.headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize("prefix", ["", "/", "verify", "/verify/", "/a//b", "/a b", "/{x}", "/ä"])
def test_what_is_no_prefix_is_refused(prefix: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="/verify"):
        mount(Starlette(), prefix, make_settings(tmp_path))


def test_a_prefix_that_the_host_took_already_is_refused(tmp_path: Path) -> None:
    host = Starlette(routes=[Mount("/", StaticFiles(directory=tmp_path))])
    with pytest.raises(SettingsError, match="already takes"):
        mount(host, "/verify", make_settings(tmp_path))
    assert len(host.routes) == 1


async def test_the_example_verifies_a_call_with_the_token_of_its_page(
    enrolled_dir: Path, demo_calls: DemoCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_TOKEN_KEY", new_key())
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", str(enrolled_dir))
    monkeypatch.setenv("STREAM_VERIFIER_ICE_HOST_ADDRESSES", '["127.0.0.1"]')
    media = demo_calls.get("grace", "grace")
    async with hosted(load_example().app) as address:
        async with httpx.AsyncClient(base_url=address) as client:
            page = (await client.get("/call/grace")).text
        token = re.search(r'token="([^"]+)"', page)
        assert token is not None
        assert 'src="/verify/js/' in page
        states = [state async for state in states_of(f"{address}/verify", media, token[1])]
        assert "verified" in states
        with pytest.raises(CallRefusedError, match="does not allow"):
            async with Caller(
                f"{address}/verify", media, mode="verify", identity="eileen", token=token[1]
            ):
                raise AssertionError("a call of somebody else was opened")


async def states_of(address: str, media: Path, token: str | None) -> AsyncIterator[str]:
    """States of a call until it is verified."""
    start = {"mode": "verify", "identity": "grace", **({"token": token} if token else {})}
    publisher = Publisher(media, loop=True, host_addresses=LOOPBACK)
    async with asyncio.timeout(TIMEOUT_S), Caller(address, publisher, **start) as call:
        async for event in wire(call):
            if event["type"] == "state_changed":
                yield event["state"]
                if event["state"] == "verified":
                    await call.stop()


def test_the_example_says_that_it_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STREAM_VERIFIER_TOKEN_KEY", raising=False)
    with pytest.raises(SettingsError, match="stream-verifier key"):
        load_example()


async def test_a_host_that_runs_no_lifespan_is_told_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inner = Starlette()
    mount(inner, "/verify", make_settings(tmp_path))
    async with hosted(Starlette(routes=[Mount("/inner", inner)])) as address:
        async with httpx.AsyncClient(base_url=f"{address}/inner/verify") as client:
            health = await client.get("/api/v1/health")
        assert health.status_code == 503
        assert health.json()["code"] == "not_ready"
        assert "lifespan" in health.json()["detail"]
        at = address.replace("http", "ws", 1) + "/inner/verify/api/v1"
        for path, message in {"call": start_message(), "events": '{"type": "subscribe"}'}.items():
            async with asyncio.timeout(TIMEOUT_S), websockets.connect(f"{at}/{path}") as socket:
                await socket.send(message)
                assert "lifespan" in json.loads(await socket.recv())["message"]
    logged = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(logged) == 1
    assert "lifespan" in logged[0].getMessage()


async def test_a_host_that_logs_all_is_told_no_address_no_name_and_no_secret(
    enrolled_dir: Path, demo_calls: DemoCalls, caplog: pytest.LogCaptureFixture
) -> None:
    for name in (*TALKATIVE, "stream_verifier"):
        caplog.set_level(logging.NOTSET, logger=name)
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, logger="uvicorn.error")  # the host's own business
    posted = asyncio.Event()

    async def take(_: Request) -> Response:
        posted.set()
        return Response(status_code=204)

    receiver = Starlette(routes=[Route("/hooks/only-we-know", take, methods=["POST"])])
    async with hosted(receiver) as hooks:
        settings = make_settings(
            enrolled_dir,
            webhook_url=f"{hooks}/hooks/only-we-know",
            webhook_secret="whsec_" + "A" * 32,
        )
        host = Starlette()
        mount(host, "/verify", settings)
        async with hosted(host) as address:
            media = demo_calls.get("grace", "grace")
            states = [state async for state in states_of(f"{address}/verify", media, None)]
            assert "verified" in states
            async with asyncio.timeout(TIMEOUT_S):
                await posted.wait()
    of_server = [one.getMessage() for one in caplog.records if one.name != "uvicorn.access"]
    assert any(line.endswith("is verified") for line in of_server)
    for secret in ("only-we-know", "grace", "127.0.0.1', ", "ice-pwd", "INSERT INTO", "key_id"):
        assert [line for line in of_server if secret in line] == []


@pytest.mark.parametrize("level", [logging.DEBUG, logging.ERROR])
def test_what_a_host_wants_logged_stays(
    level: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(level, logger="httpx")
    mount(Starlette(), "/verify", make_settings(tmp_path))
    assert logging.getLogger("httpx").level == level


async def test_what_a_start_opened_is_closed_when_the_rest_fails(tmp_path: Path) -> None:
    settings = make_settings(
        tmp_path,
        keep_events_hours=1,
        webhook_url="https://hooks.example/",
        webhook_secret="whsec_" + "A" * 32,
    )
    app = mount(Starlette(), "/verify", settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stream_verifier.webhooks.service._lanes", fail)
        with pytest.raises(RuntimeError, match="no lanes"):
            async with app.router.lifespan_context(app):
                raise AssertionError("it started")
    assert "inference" not in {thread.name for thread in threading.enumerate()}
    async with app.router.lifespan_context(app):
        pass


def fail(*_: object) -> None:
    raise RuntimeError("no lanes")
