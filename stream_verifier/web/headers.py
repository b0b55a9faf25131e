"""Response headers that keep a page from doing what it never needs."""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stream_verifier.web.state import state_of_app

EXPOSED = ("etag", "link", "location", "retry-after", "www-authenticate")
"""What scripts of other origins may read of an answer, beside its body."""

_POLICY = (
    "default-src 'self'; connect-src 'self'{sockets}{provider}; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'self'"
)
_HEADERS = {
    "permissions-policy": "camera=(self), microphone=(self), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
# What a host's page loads from here is public code, fetched without cookies.
_SHARED = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}
_SHARED_FOLDER = "/js/"
_API = "/api/"
_HOST = re.compile(r"[\w.:\[\]-]{1,255}", re.ASCII)


class SecurityHeaders:
    """ASGI middleware that adds the headers to every HTTP response.

    Modules of the SDK may be loaded by pages of any origin, everything else only by this server's
    own pages and, of the API, by origins that the settings name.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its response with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        shared, private = _is_shared(scope), _is_private(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("content-security-policy", _policy(scope))
                headers.setdefault("cache-control", "no-store" if private else "no-cache")
                if shared:
                    headers.update(_SHARED)
                elif "access-control-allow-origin" not in headers:
                    headers["cross-origin-resource-policy"] = "same-origin"
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _is_shared(scope: Scope) -> bool:
    path: str = scope["path"]
    reading = scope["method"] in ("GET", "HEAD")
    return reading and path.removeprefix(scope.get("root_path", "")).startswith(_SHARED_FOLDER)


def _is_private(scope: Scope) -> bool:
    """Whether an answer is about people and calls: it must stay in no cache."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")).startswith(_API)


def _policy(scope: Scope) -> str:
    """The policy, WebSockets by name: not all browsers see them in 'self'."""
    host = Headers(scope=scope).get("host", "")
    named = _HOST.fullmatch(host) is not None
    sockets = f" ws://{host} wss://{host}" if named else ""
    return _POLICY.format(sockets=sockets, provider=_provider(scope))


def _provider(scope: Scope) -> str:
    """Where a page gets the token of one who signs in."""
    state = state_of_app(scope["app"])
    provider = state.gate.provider
    if provider is None or provider.sign_in is None or state.settings.oidc_client_id is None:
        return ""
    return f" {provider.sign_in.connects_to}"
