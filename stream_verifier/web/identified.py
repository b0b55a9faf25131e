"""Asks who sends a body before it is read."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from stream_verifier.errors import StreamVerifierError
from stream_verifier.web.access import bearer, client_of, gate_of
from stream_verifier.web.problems import on_error


class Identified:
    """ASGI middleware: who shows no token of this server has no body read.

    What the token allows is for the route to say; a framework reads the body before it asks.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or say that a token is missing."""
        if scope["type"] == "http" and _has_body(scope):
            request = Request(scope)
            try:
                gate_of(request).identify(bearer(request), client=client_of(request))
            except StreamVerifierError as error:
                refusal = await on_error(request, error)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
