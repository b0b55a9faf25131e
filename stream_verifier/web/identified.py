"""Asks who sends a body before it is read."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from stream_verifier.errors import StreamVerifierError
from stream_verifier.web.access import bearer, client_of, gate_of
from stream_verifier.web.problems import on_error
from stream_verifier.web.room_news import is_news
from stream_verifier.web.state import state_of


class Identified:
    """ASGI middleware: who shows no token of this server, or of its LiveKit, has no body read.

    What the token allows is for the route to say; a framework reads the body before it asks.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or say that a token is missing."""
        if scope["type"] == "http" and _has_body(scope):
            request = Request(scope)
            try:
                _identify(request)
            except StreamVerifierError as error:
                refusal = await on_error(request, error)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _identify(request: Request) -> None:
    """Raise `StreamVerifierError` where nobody is known to have sent this."""
    if is_news(request) and (livekit := state_of(request).livekit) is not None:
        livekit.identify(request.headers.get("authorization"))
    else:
        gate_of(request).identify(bearer(request), client=client_of(request))


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
