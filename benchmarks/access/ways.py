"""Every way into the server: one row a route and method, and one a first message of a WebSocket."""

from __future__ import annotations

import copy
import functools
import json
import operator
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from starlette.endpoints import HTTPEndpoint
from starlette.routing import Mount, Route, WebSocketRoute

from stream_verifier.access.scopes import Scope

IDENTITY = "ada"
SESSION = "0123456789abcdef"
SOCKET = "WS"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True)
class Way:
    """One way in.

    Attributes:
        method: of HTTP, or `SOCKET`.
        path: as its route spells it.
        needs: the scope that lets in; None: open to all.
        or_needs: another one that does as well.
        bound: what a token may be bound to there and still lets in.
        whatever_bound: what it is bound to does not matter.
        body: of an HTTP request.
        media_type: of that body.
        message: the first one on a WebSocket, without its token.
        token_in: names of the objects within that message, from the outermost, that the token is
            a field of, and of that field.
        answers: whether who is let in is told anything.
    """

    method: str
    path: str
    needs: Scope | None
    bound: dict[str, str] = field(default_factory=dict)
    body: str = ""
    media_type: str = "application/json"
    message: dict[str, Any] = field(default_factory=dict)
    or_needs: Scope | None = None
    whatever_bound: bool = False
    token_in: tuple[str, ...] = ("token",)
    answers: bool = True

    @property
    def name(self) -> str:
        """The way as a table tells it."""
        words = [self.message[key] for key in ("type", "mode") if key in self.message]
        words += [key for key in ("identities", "sessions") if key in self.message]
        return " ".join([f"`{self.method} {self.path}`", *words])

    def message_with(self, token: str | None) -> dict[str, Any]:
        """The first message, with a token in its place."""
        message: dict[str, Any] = copy.deepcopy(self.message)
        if token is not None:
            *outer, field_name = self.token_in
            functools.reduce(operator.getitem, outer, message)[field_name] = token
        return message

    @property
    def target(self) -> str:
        """The path with its parameters filled in."""
        named = dict.fromkeys(("session", "id", "attachment"), SESSION)
        return self.path.format(name=IDENTITY, identity=IDENTITY, **named)


_ONE = {"identity": IDENTITY}
_CALL = {"session": SESSION}
_BOTH = _ONE | _CALL
_START = {"type": "start", "identity": IDENTITY, "sdp": "v=0"}
_RESUME = {"type": "resume", "session": SESSION, "resume_key": "key", "sdp": "v=0"}
_FED = {"type": "start", "identity": IDENTITY}
_FED_RESUME = {"type": "resume", "session": SESSION, "resume_key": "key"}
_NAMED = {"stream_verifier_identities": json.dumps({"Ada": IDENTITY})}
_JOINED = {"event": "participant_events.join", "data": {"data": {}, "bot": {"metadata": _NAMED}}}
_SUBSCRIBE = {"type": "subscribe"}
_FEED = "/api/v1/events"
_WHIP = "/api/v1/whip/{identity}"
_WHIP_CALL = "/api/v1/whip/sessions/{session}"
_CONSENT = "/api/v1/identities/{name}/consent"
_AGREED = json.dumps({"subject": IDENTITY, "purpose": "calls", "text": "I agree."})
_FORM_TYPE = "multipart/form-data; boundary=b"
_FORM = "--b--\r\n"
_ROOM = json.dumps({"host": "janus", "url": "wss://sfu.example", "room": "1234"})
_TOKEN = json.dumps({"scopes": [Scope.READ], "ttl_s": 60})


def _ice(needs: Scope, or_needs: Scope) -> Way:
    path = "/api/v1/ice-servers"
    return Way("GET", path, needs, _ONE, or_needs=or_needs, whatever_bound=True)


WAYS = (
    Way("GET", "/", None),
    Way("GET", "/api/v1/openapi.json", None),
    Way("GET", "/api/v1/health", None),
    Way("GET", "/api/v1/ready", None),
    Way("GET", "/api/v1/sign-in", None),
    Way("GET", "/api/v1/identities", Scope.ADMIN),
    Way("GET", "/api/v1/identities/{name}", Scope.ADMIN),
    Way("DELETE", "/api/v1/identities/{name}", Scope.ADMIN),
    Way("POST", "/api/v1/identities/{name}", Scope.UPLOAD, _ONE, body=_FORM, media_type=_FORM_TYPE),
    Way("GET", "/api/v1/identities/{name}/export", Scope.REPLACE, _ONE),
    Way("GET", "/api/v1/identities/{name}/calls", Scope.REPLACE, _ONE),
    Way("GET", _CONSENT, Scope.REPLACE, _ONE),
    Way("PUT", _CONSENT, Scope.REPLACE, _ONE, body=_AGREED),
    Way("DELETE", _CONSENT, Scope.REPLACE, _ONE),
    Way("GET", "/api/v1/audit", Scope.AUDIT),
    Way("GET", "/api/v1/metrics", Scope.READ),
    Way("GET", "/api/v1/calls", Scope.READ),
    Way("GET", "/api/v1/calls/{session}", Scope.READ, _BOTH),
    Way("GET", "/api/v1/calls/{session}/events", Scope.READ, _BOTH),
    Way("DELETE", "/api/v1/calls/{session}", Scope.ADMIN),
    Way("POST", "/api/v1/calls/{session}/challenge", Scope.PUBLISH, _BOTH, body="{}"),
    Way("POST", "/api/v1/tokens", Scope.ADMIN, body=_TOKEN),
    Way(SOCKET, "/api/v1/call", Scope.PUBLISH, _ONE, message=_START | {"mode": "verify"}),
    Way(SOCKET, "/api/v1/call", Scope.ENROL, _ONE, message=_START | {"mode": "enrol"}),
    Way(SOCKET, "/api/v1/call", Scope.PUBLISH, _BOTH, message=_RESUME),
    Way(SOCKET, "/api/v1/call/{session}", Scope.PUBLISH, _BOTH, message=_RESUME),
    Way(SOCKET, "/api/v1/decoded", Scope.PUBLISH, _ONE, message=_FED | {"mode": "verify"}),
    Way(SOCKET, "/api/v1/decoded", Scope.ENROL, _ONE, message=_FED | {"mode": "enrol"}),
    Way(SOCKET, "/api/v1/decoded", Scope.PUBLISH, _BOTH, message=_FED_RESUME),
    Way(SOCKET, "/api/v1/decoded/{session}", Scope.PUBLISH, _BOTH, message=_FED_RESUME),
    Way(
        SOCKET,
        "/api/v1/recall",
        Scope.PUBLISH,
        _ONE,
        message=_JOINED,
        token_in=("data", "bot", "metadata", "stream_verifier_token"),
        answers=False,
    ),
    Way(SOCKET, _FEED, Scope.READ, _ONE, message=_SUBSCRIBE, whatever_bound=True),
    Way(SOCKET, _FEED, Scope.READ, _ONE, message=_SUBSCRIBE | {"identities": [IDENTITY]}),
    Way(SOCKET, _FEED, Scope.READ, _CALL, message=_SUBSCRIBE | {"sessions": [SESSION]}),
    Way("POST", _WHIP, Scope.PUBLISH, _ONE, body="v=0", media_type="application/sdp"),
    Way("OPTIONS", _WHIP, None),
    Way("DELETE", _WHIP_CALL, Scope.PUBLISH, _BOTH),
    Way("OPTIONS", _WHIP_CALL, None),
    Way("POST", "/api/v1/rooms", Scope.ROOMS, body=_ROOM),
    Way("GET", "/api/v1/rooms", Scope.ROOMS),
    Way("GET", "/api/v1/rooms/{attachment}", Scope.ROOMS),
    Way("DELETE", "/api/v1/rooms/{attachment}", Scope.ROOMS),
    Way("POST", "/api/v1/rooms/livekit/webhook", None),
    _ice(Scope.PUBLISH, Scope.ENROL),
    _ice(Scope.ENROL, Scope.PUBLISH),
)


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """The method and the path of everything that an application answers."""
    for route in app.routes:
        if isinstance(route, WebSocketRoute):
            yield SOCKET, route.path
        elif isinstance(route, Mount):
            yield "GET", route.path or "/"
        elif isinstance(route, Route):
            yield from ((method, route.path) for method in _methods(route) if method != "HEAD")
        else:
            raise TypeError(f"A route of a kind that nobody tried: {type(route).__name__}")


def _methods(route: Route) -> Iterable[str]:
    if route.methods is not None:
        return route.methods
    if not (isinstance(route.endpoint, type) and issubclass(route.endpoint, HTTPEndpoint)):
        raise TypeError(f"A route of any method: {route.path}")
    return [method for method in METHODS if hasattr(route.endpoint, method.lower())]
