"""Turns requests away that no route should ever see."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import parse_qsl

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stream_verifier.web.origins import host_allowed, origin_allowed
from stream_verifier.web.problems import problem

MAX_BODY_BYTES = 64 * 1024
BODY_WITHIN_S = 10.0
MAX_UPLOAD_BYTES = 32 << 20
UPLOAD_WITHIN_S = 120.0
_UPLOAD = re.compile(r"/api/v1/identities/[^/]+")
MAX_TARGET_BYTES = 4096
_SECRETS = frozenset({"token", "access_token", "authorization", "bearer", "jwt", "resume_key"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY_VIOLATION = 1008
_DENIAL = "websocket.http.response"

Refusal = tuple[int, str, str]
_UNKNOWN_HOST: Refusal = (
    400,
    "unknown_host",
    "This server does not answer by that name: add it to STREAM_VERIFIER_ALLOWED_HOSTS.",
)
_FOREIGN: Refusal = (403, "origin_not_allowed", "Pages of that origin may not do this.")
_LONG_TARGET: Refusal = (
    414,
    "uri_too_long",
    f"A path and its query have {MAX_TARGET_BYTES} bytes at most.",
)
_SECRET: Refusal = (
    400,
    "secret_in_query",
    "A URL ends up in logs and histories, so no secret goes there: send the token as "
    "Authorization: Bearer TOKEN, on a WebSocket as the field token of the first message.",
)
_TWO_LENGTHS: Refusal = (
    400,
    "bad_message",
    "A request says by Content-Length or by Transfer-Encoding how long it is, not by both: a proxy "
    "might go by the other one, and take for two requests what is one here (RFC 9112, 6.3).",
)
_LAST_ANSWER = {"connection": "close"}


class Guard:
    """ASGI middleware against foreign names and pages, secrets in URLs and endless bodies.

    Args:
        app: the application behind it.
        allowed_hosts: names that it answers by.
        allowed_origins: origins of pages, beside the server's own, that may change things.
    """

    def __init__(
        self, app: ASGIApp, *, allowed_hosts: tuple[str, ...], allowed_origins: tuple[str, ...]
    ) -> None:
        self._app = app
        self._allowed_hosts = allowed_hosts
        self._allowed_origins = allowed_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or say why not."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif refusal := self._refusal(scope):
            if scope["type"] == "http" or _DENIAL in scope.get("extensions", {}):
                last = _LAST_ANSWER if refusal is _TWO_LENGTHS else None
                await problem(*refusal, last)(scope, receive, send)
            else:
                close = {"code": _POLICY_VIOLATION, "reason": refusal[1]}
                await send({"type": "websocket.close", **close})
        else:
            most, within_s = _bounds(scope)
            await self._app(scope, _bounded(receive, most, within_s), send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        if not host_allowed(headers.get("host"), self._allowed_hosts):
            return _UNKNOWN_HOST
        if "content-length" in headers and "transfer-encoding" in headers:
            return _TWO_LENGTHS
        return _bad_target(scope) or self._foreign(scope, headers) or _size_told(scope, headers)

    def _foreign(self, scope: Scope, headers: Headers) -> Refusal | None:
        """A WebSocket sees to its origin itself: a page could not read why it was refused here."""
        if scope["type"] == "websocket" or scope["method"] in _READING:
            return None
        origin = headers.get("origin")
        known = origin_allowed(origin, headers.get("host"), self._allowed_origins)
        return None if known else _FOREIGN


def _bounds(scope: Scope) -> tuple[int, float]:
    """How long a body may be, in bytes, and take, in seconds."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    if scope["type"] == "http" and scope["method"] == "POST" and _UPLOAD.fullmatch(path):
        return MAX_UPLOAD_BYTES, UPLOAD_WITHIN_S
    return MAX_BODY_BYTES, BODY_WITHIN_S


def _bounded(receive: Receive, most: int, within_s: float) -> Receive:
    """Count the body as it comes, for its length may be a lie, and wait for it only so long."""
    left, complete = most, False
    loop = asyncio.get_running_loop()
    due_s = loop.time() + within_s

    async def bounded() -> Message:
        nonlocal left, complete
        try:
            async with asyncio.timeout_at(None if complete else due_s):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, f"A body comes within {within_s:g} s.") from None
        if message["type"] == "http.request":
            left -= len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if left < 0:
                raise HTTPException(*_too_long(most)[::2])
        else:
            complete = True
        return message

    return bounded


def _size_told(scope: Scope, headers: Headers) -> Refusal | None:
    length, most = headers.get("content-length", "0"), _bounds(scope)[0]
    return _too_long(most) if length.isdecimal() and int(length[:20]) > most else None


def _too_long(most: int) -> Refusal:
    return 413, "body_too_long", f"A body has at most {most} bytes here."


def _bad_target(scope: Scope) -> Refusal | None:
    query: bytes = scope["query_string"]
    if len(scope["path"].encode()) + len(query) > MAX_TARGET_BYTES:
        return _LONG_TARGET
    names = {name.lower() for name, _ in parse_qsl(query.decode("latin-1"), True)}
    return _SECRET if names & _SECRETS else None
