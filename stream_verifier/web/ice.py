"""The ICE servers that a client may use, with credentials that soon expire."""

from __future__ import annotations

import secrets
import time

from starlette.requests import Request
from starlette.responses import Response

from stream_verifier.access.scopes import Scope
from stream_verifier.errors import ForbiddenError
from stream_verifier.media.webrtc.ice import IceServer
from stream_verifier.media.webrtc.network import ice_servers
from stream_verifier.settings import Settings
from stream_verifier.web.access import Token, client_of, gate_of
from stream_verifier.web.models import IceServerDescription, IceServerList
from stream_verifier.web.state import state_of

_CALLING = (Scope.PUBLISH, Scope.ENROL)


async def list_ice_servers(request: Request, response: Response, token: Token) -> IceServerList:
    """List STUN and TURN servers as a browser takes them for its RTCConfiguration.

    A token bound to any identity or call will do: the servers are the same for all.
    """
    _admit_caller(request, token)
    settings = state_of(request).settings
    servers = ice_servers(settings, user=secrets.token_hex(8), now_s=time.time())
    response.headers["cache-control"] = "no-store"
    described = [describe(server) for server in servers]
    return IceServerList(iceServers=described, ttl_s=settings.turn_ttl_s)


def describe(server: IceServer) -> IceServerDescription:
    """An ICE server as WebRTC's RTCIceServer."""
    return IceServerDescription(
        urls=[server.url], username=server.username, credential=server.credential
    )


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


def _admit_caller(request: Request, token: str | None) -> None:
    """Let those pass who may call or enrol, whomever."""
    grant = gate_of(request).identify(token, client=client_of(request))
    if not any(
        grant.allows(scope, identity=grant.identity, session=grant.session) for scope in _CALLING
    ):
        raise ForbiddenError("Only those get ICE servers who may call or enrol: ask for a token.")
