"""Turns requests away that no route should ever see."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stream_verifier.web.origins import origin_allowed
from stream_verifier.web.problems import problem

MAX_BODY_BYTES = 64 * 1024
MAX_TARGET_BYTES = 4096
_SECRETS = frozenset({"token", "access_token", "authorization", "bearer", "jwt", "resume_key"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY_VIOLATION = 1008
_DENIAL = "websocket.http.response"


class Guard:
    """ASGI middleware against secrets in URLs, foreign pages and endless bodies.

    Args:
        app: the application behind it.
        allowed_origins: origins of pages, beside the server's own, that may change things.
    """

    def __init__(self, app: ASGIApp, *, allowed_origins: tuple[str, ...]) -> None:
        self._app = app
        self._allowed_origins = allowed_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or say why not."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif refusal := self._refusal(scope):
            if scope["type"] == "http" or _DENIAL in scope.get("extensions", {}):
                await problem(*refusal)(scope, receive, send)
            else:
                close = {"code": _POLICY_VIOLATION, "reason": refusal[1]}
                await send({"type": "websocket.close", **close})
        else:
            await self._app(scope, _counting(receive), send)

    def _refusal(self, scope: Scope) -> tuple[int, str, str] | None:
        query = scope["query_string"]
        if len(scope["path"].encode()) + len(query) > MAX_TARGET_BYTES:
            return 414, "uri_too_long", f"A path and its query have {MAX_TARGET_BYTES} bytes."
        names = {name.lower() for name, _ in parse_qsl(query.decode("latin-1"), True)}
        if names & _SECRETS:
            return (
                400,
                "secret_in_query",
                "A URL ends up in logs and histories, so no secret goes there: send the token as "
                " Authorization: Bearer TOKEN,  on a WebSocket in the first message.",
            )
        headers = Headers(scope=scope)
        if scope["type"] == "http" and scope["method"] not in _READING:
            if not origin_allowed(
                headers.get("origin"), headers.get("host"), self._allowed_origins
            ):
                return 403, "origin_not_allowed", "Pages of that origin may not do this."
        return _size_told(headers)


_TOO_LONG = (413, "body_too_long", f"A body has at most {MAX_BODY_BYTES} bytes.")


def _counting(receive: Receive) -> Receive:
    """Count the body as it comes: its length may have been left out or be a lie."""
    left = MAX_BODY_BYTES

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(*_TOO_LONG[::2])
        return message

    return counted


def _size_told(headers: Headers) -> tuple[int, str, str] | None:
    length = headers.get("content-length", "0")
    return _TOO_LONG if length.isdecimal() and int(length[:20]) > MAX_BODY_BYTES else None
