"""The ICE servers that a client may use, with credentials that soon expire."""

from __future__ import annotations

import secrets
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stream_verifier.access.scopes import Scope
from stream_verifier.errors import StreamVerifierError
from stream_verifier.media.ice import IceServer
from stream_verifier.network import ice_servers
from stream_verifier.settings import Settings
from stream_verifier.web.access import admit, bearer


async def list_ice_servers(request: Request) -> Response:
    """GET /api/v1/ice-servers: what a browser takes as its RTCConfiguration."""
    _admit_caller(request)
    settings: Settings = request.app.state.settings
    servers = ice_servers(settings, user=secrets.token_hex(8), now_s=time.time())
    return JSONResponse(
        {"iceServers": [describe(server) for server in servers], "ttl_s": settings.turn_ttl_s},
        headers={"Cache-Control": "no-store"},
    )


def describe(server: IceServer) -> dict[str, Any]:
    """An ICE server as WebRTC's RTCIceServer."""
    if server.username is None:
        return {"urls": [server.url]}
    return {"urls": [server.url], "username": server.username, "credential": server.credential}


def link_headers(settings: Settings, *, user: str) -> list[str]:
    """The same as Link headers (RFC 9725, section 4.6)."""
    return [_link(server) for server in ice_servers(settings, user=user, now_s=time.time())]


def _link(server: IceServer) -> str:
    link = f'<{server.url}>; rel="ice-server"'
    if server.username is None:
        return link
    return (
        f'{link}; username="{server.username}"; credential="{server.credential}"; '
        'credential-type="password"'
    )


def _admit_caller(request: Request) -> None:
    """Let those pass who may call or enrol."""
    try:
        admit(request, bearer(request), Scope.PUBLISH)
    except StreamVerifierError as refused:
        if refused.code != "forbidden":
            raise
        admit(request, bearer(request), Scope.ENROL)


routes = [Route("/api/v1/ice-servers", list_ice_servers, methods=["GET"])]
