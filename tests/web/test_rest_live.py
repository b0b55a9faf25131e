"""The API beside a real call on a real server, and what the logs tell of both."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import MAX_TTL_S
from stream_verifier.demo.caller import Caller
from stream_verifier.errors import CallRefusedError
from stream_verifier.hosting.server import RunningServer
from tests.support.calls import TIMEOUT_S, DemoCalls, server_with, wire
from tests.support.rest_app import ADMIN, KEY, TOKENS, auth

CLIENTS = ("httpcore", "httpx", "websockets.client", "aiortc", "aioice")


def api(server: RunningServer, **more: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"{server.address}/api/v1", **more)


def publisher(name: str) -> str:
    return TOKENS.issue([Scope.PUBLISH], identity=name, ttl_s=MAX_TTL_S)


async def test_a_running_call_is_shown_and_ended_over_rest(
    enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    start = {"mode": "verify", "identity": "grace", "token": publisher("grace")}
    media = demo_calls.get("grace", "grace")
    async with (
        asyncio.timeout(TIMEOUT_S),
        server_with(enrolled_dir, token_key=KEY) as server,
        api(server, headers=ADMIN) as client,
        Caller(server.address, media, **start) as call,
    ):
        events = wire(call)
        assert (await anext(events))["type"] == "session_started"
        shown = (await client.get(f"/calls/{call.session}")).json()
        assert (shown["identity"], shown["state"], shown["ended_at"]) == ("grace", "waiting", None)
        assert (await client.delete(f"/calls/{call.session}")).status_code == 204
        last = [event async for event in events][-1]
        assert (last["type"], last["reason"]) == ("session_ended", "ended_by_admin")
        listed = (await client.get("/calls")).json()["calls"]
    assert [call["session"] for call in listed] == [shown["session"]]
    assert listed[0]["end_reason"] == "ended_by_admin"
    assert listed[0]["totals"] is not None
    assert listed[0]["seq"] == last["seq"]
    assert listed[0]["ended_at"] == last["wall"]


async def test_calls_that_are_opened_too_often_are_refused_with_a_reason(
    enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    own, other = publisher("grace"), publisher("grace")
    codes: list[str] = []
    async with server_with(enrolled_dir, token_key=KEY, openings_per_minute=2) as server:
        for token in (None, own, own, other, own):
            start = {"mode": "verify", "identity": "grace"}
            if token is not None:
                start["token"] = token
            try:
                async with Caller(server.address, demo_calls.get("grace", "grace"), **start):
                    codes.append("opened")
            except CallRefusedError as error:
                codes.append(error.server_code)
    assert codes == ["missing_token", "opened", "opened", "opened", "rate_limited"]


async def test_no_token_and_no_key_is_ever_logged(
    enrolled_dir: Path, demo_calls: DemoCalls, caplog: pytest.LogCaptureFixture
) -> None:
    for name in CLIENTS:
        # They are this test's own, and say what they send.
        caplog.set_level(logging.WARNING, logger=name)
    caplog.set_level(logging.DEBUG)
    token, forged = publisher("grace"), publisher("grace")[:-4] + "AAAA"
    start = {"mode": "verify", "identity": "grace"}
    media = demo_calls.get("grace", "grace")
    async with server_with(enrolled_dir, token_key=KEY) as server, api(server) as client:
        async with Caller(server.address, media, **start, token=token) as call:
            assert call.session
        with pytest.raises(CallRefusedError, match="none of this server's"):
            async with Caller(server.address, media, **start, token=forged):
                raise AssertionError("a forged token opened a call")
        for shown in (token, forged):
            assert (await client.get("/identities", headers=bearer(shown))).is_error
            assert (await client.get(f"/identities?token={shown}")).status_code == 400
            with pytest.raises(websockets.InvalidStatus, match="400"):
                await websockets.connect(f"ws{server.address[4:]}/api/v1/call?token={shown}")
        issued = (await client.post("/tokens", headers=ADMIN, json={"scopes": ["admin"]})).json()
        assert (await client.get("/calls", headers=bearer(issued["token"]))).status_code == 200
    said = caplog.text
    assert "WebSocket /api/v1/call" in said
    for secret in (token, forged, issued["token"], ADMIN["authorization"][7:], KEY):
        assert secret not in said
        assert secret.rpartition(".")[2] not in said


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize(("trusted", "shared"), [((), True), (("127.0.0.1",), False)])
async def test_only_a_trusted_proxy_says_who_a_client_is(
    tmp_path: Path, trusted: tuple[str, ...], shared: bool
) -> None:
    forged = auth(Scope.READ)["authorization"][:-4] + "AAAA"
    async with (
        server_with(
            tmp_path, token_key=KEY, bad_tokens_per_minute=1, trusted_proxies=trusted
        ) as server,
        api(server, headers={"authorization": forged}) as client,
    ):
        for first, address in ((True, "192.0.2.1"), (False, "192.0.2.2")):
            answer = await client.get("/calls", headers={"x-forwarded-for": address})
            assert answer.status_code == (401 if first or not shared else 429)


async def test_a_server_without_a_key_says_whom_it_answers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for key, said in ((None, True), (KEY, False)):
        caplog.clear()
        async with server_with(tmp_path, token_key=key):
            pass
        assert ("only this machine is answered" in caplog.text) is said


async def test_a_client_that_opens_sockets_and_says_nothing_runs_out_of_them(
    tmp_path: Path,
) -> None:
    async with (
        asyncio.timeout(TIMEOUT_S),
        contextlib.AsyncExitStack() as stack,
        server_with(tmp_path, token_key=KEY) as server,
    ):
        url = f"ws{server.address[4:]}/api/v1/call"
        sockets = [await stack.enter_async_context(websockets.connect(url)) for _ in range(33)]
        listening = [asyncio.create_task(socket.recv()) for socket in sockets]
        told, _ = await asyncio.wait(listening, return_when=asyncio.FIRST_COMPLETED)
        assert [json.loads(await answer)["code"] for answer in told] == ["rate_limited"]
        await asyncio.gather(*(socket.close() for socket in sockets))
        await asyncio.gather(*listening, return_exceptions=True)
