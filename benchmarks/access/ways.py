"""Every way into the server: one row a route and method, and one a first message of a WebSocket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from starlette.routing import Mount, Route, WebSocketRoute

from stream_verifier.access.scopes import Scope

IDENTITY = "ada"
SESSION = "0123456789abcdef"
SOCKET = "WS"


@dataclass(frozen=True)
class Way:
    """One way in.

    Attributes:
        method: of HTTP, or `SOCKET`.
        path: as its route spells it.
        needs: the scope that lets in; None: open to all.
        bound: what a token may be bound to there and still lets in.
        body: of an HTTP request.
        media_type: of that body.
        message: the first one on a WebSocket, without its token.
    """

    method: str
    path: str
    needs: Scope | None
    bound: dict[str, str] = field(default_factory=dict)
    body: str = ""
    media_type: str = "application/json"
    message: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The way as a table tells it."""
        words = [self.message[key] for key in ("type", "mode") if key in self.message]
        return " ".join([f"`{self.method} {self.path}`", *words])

    @property
    def target(self) -> str:
        """The path with its parameters filled in."""
        return self.path.format(name=IDENTITY, identity=IDENTITY, session=SESSION, id=SESSION)


_ONE = {"identity": IDENTITY}
_CALL = {"session": SESSION}
_START = {"type": "start", "identity": IDENTITY, "sdp": "v=0"}
_TOKEN = json.dumps({"scopes": [Scope.READ], "ttl_s": 60})

WAYS = (
    Way("GET", "/", None),
    Way("GET", "/api/v1/openapi.json", None),
    Way("GET", "/api/v1/health", None),
    Way("GET", "/api/v1/ready", None),
    Way("GET", "/api/v1/identities", Scope.ADMIN),
    Way("GET", "/api/v1/identities/{name}", Scope.ADMIN),
    Way("DELETE", "/api/v1/identities/{name}", Scope.ADMIN),
    Way("GET", "/api/v1/calls", Scope.READ),
    Way("GET", "/api/v1/calls/{session}", Scope.READ, _CALL),
    Way("GET", "/api/v1/calls/{session}/events", Scope.READ, _CALL),
    Way("DELETE", "/api/v1/calls/{session}", Scope.ADMIN),
    Way("POST", "/api/v1/tokens", Scope.ADMIN, body=_TOKEN),
    Way(SOCKET, "/api/v1/call", Scope.PUBLISH, _ONE, message=_START | {"mode": "verify"}),
    Way(SOCKET, "/api/v1/call", Scope.ENROL, _ONE, message=_START | {"mode": "enrol"}),
)


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """The method and the path of everything that an application answers."""
    for route in app.routes:
        if isinstance(route, WebSocketRoute):
            yield SOCKET, route.path
        elif isinstance(route, Mount):
            yield "GET", route.path or "/"
        elif isinstance(route, Route):
            yield from (
                (method, route.path) for method in (route.methods or ()) if method != "HEAD"
            )
        else:
            raise TypeError(f"A route of a kind that nobody tried: {type(route).__name__}")
