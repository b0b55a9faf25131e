"""Asks an application over plain ASGI, without a network between."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
from fastapi import FastAPI

from benchmarks.access.cases import Case
from benchmarks.access.ways import SOCKET, Way

_CLIENT = ("192.0.2.7", 50000)
_TIMEOUT_S = 30.0
_HOST = "localhost"


async def ask(app: FastAPI, way: Way, case: Case) -> str:
    """Try one way with one kind of token.

    Returns:
        The code of the refusal or error, or what came instead.
    """
    token = case.token(way)
    if way.method == SOCKET:
        return await _ask_socket(app, way, token, in_query=case.in_query)
    return await _ask_http(app, way, token, in_query=case.in_query)


async def _ask_http(app: FastAPI, way: Way, token: str | None, *, in_query: bool) -> str:
    headers = {"content-type": way.media_type}
    if token is not None and not in_query:
        headers["authorization"] = f"Bearer {token}"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=_CLIENT), base_url=f"http://{_HOST}"
    ) as client:
        answer = await client.request(
            way.method,
            way.target,
            params={"token": token} if in_query else None,
            headers=headers,
            content=way.body,
        )
    return _code_in(answer.content) if answer.is_error else str(answer.status_code)


async def _ask_socket(app: FastAPI, way: Way, token: str | None, *, in_query: bool) -> str:
    message = way.message_with(None if in_query else token)
    script: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    script.put_nowait({"type": "websocket.connect"})
    script.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})
    if not way.answers:
        script.put_nowait({"type": "websocket.disconnect", "code": 1000})
    told: list[str] = []

    async def send(event: dict[str, Any]) -> None:
        text = event.get("text") or event.get("body", b"").decode()
        if text and not told:
            told.append(_code_in(text.encode()))
            script.put_nowait({"type": "websocket.disconnect", "code": 1000})

    scope = _socket_scope(way, f"token={token}" if in_query else "")
    async with asyncio.timeout(_TIMEOUT_S):
        await app(scope, script.get, send)  # type: ignore[arg-type]
    return told[0] if told else "closed"


def _socket_scope(way: Way, query: str) -> dict[str, Any]:
    return {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "scheme": "ws",
        "path": way.target,
        "raw_path": way.target.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", _HOST.encode())],
        "client": _CLIENT,
        "server": (_HOST, 80),
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }


def _code_in(body: bytes) -> str:
    told = json.loads(body)
    return str(told.get("code") or told.get("type"))
