"""WHIP (RFC 9725): publishers that speak WebRTC but not our WebSocket, such as OBS and FFmpeg.

One POST opens a verified call, one DELETE ends it. Such a call has no socket: its events go to
whoever follows the feed.
"""

from __future__ import annotations

import hashlib

from pydantic import ValidationError
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stream_verifier.access.scopes import Scope
from stream_verifier.errors import IdentityError, ProtocolError
from stream_verifier.events.call_messages import MAX_MESSAGE_BYTES, Start
from stream_verifier.web.access import (
    admit,
    admit_to_record,
    admit_to_session,
    bearer,
    client_of,
    count_opening,
    gate_of,
)
from stream_verifier.web.ice import link_headers
from stream_verifier.web.state import state_of

SDP = "application/sdp"
_PATH = "/api/v1/whip"


class Endpoint(HTTPEndpoint):
    """/api/v1/whip/{identity}: where publishers begin."""

    async def options(self, request: Request) -> Response:
        """Say what may be posted."""
        return Response(status_code=204, headers={"Allow": "POST, OPTIONS", "Accept-Post": SDP})

    async def post(self, request: Request) -> Response:
        """Open a call with an SDP offer; answer with ours and where the call can be ended."""
        identity = request.path_params["identity"]
        grant = admit(request, bearer(request), Scope.PUBLISH, identity=identity)
        await count_opening(request, grant)
        start = _start(identity, await _offer(request))
        sessions = state_of(request).sessions
        session, answer = await sessions.open(
            start, grant=grant, socket=False, client=client_of(request)
        )
        return _created(request, session.id, answer)


class Resource(HTTPEndpoint):
    """/api/v1/whip/sessions/{session}: one call; no trickle ICE, so PATCH is refused."""

    async def options(self, request: Request) -> Response:
        """Say what may be done."""
        return Response(status_code=204, headers={"Allow": "DELETE, OPTIONS"})

    async def delete(self, request: Request) -> Response:
        """End the call."""
        name, token, state = request.path_params["session"], bearer(request), state_of(request)
        # Who shows no token of ours learns nothing.
        gate_of(request).identify(token, client=client_of(request))
        record = None if state.sessions.runs(name) else await state.neighbours.find(name)
        if record is None:
            session = admit_to_session(request, token, name, begun_by_socket=False)
            session.request_end("stopped")
        else:
            admit_to_record(request, token, record, begun_by_socket=False)
            await state.neighbours.end(name, "stopped")
        return Response(status_code=200)


def _start(identity: str, offer: str) -> Start:
    try:
        return Start(type="start", mode="verify", identity=identity, sdp=offer)
    except ValidationError:
        raise IdentityError("A name has 1 to 64 characters.") from None


def _created(request: Request, session_id: str, answer: str) -> Response:
    response = Response(answer, status_code=201, media_type=SDP)
    root = request.scope.get("root_path", "")
    response.headers["Location"] = f"{root}{_PATH}/sessions/{session_id}"
    response.headers["ETag"] = f'"{hashlib.sha256(answer.encode()).hexdigest()[:16]}"'
    for link in link_headers(state_of(request).settings, user=session_id):
        response.headers.append("Link", link)
    return response


async def _offer(request: Request) -> str:
    """Read the SDP offer, bounded.

    Raises:
        HTTPException: it is something else, or too long.
        ProtocolError: it is no text.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != SDP:
        raise HTTPException(415, f"Send the offer as {SDP}.", headers={"Accept-Post": SDP})
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_MESSAGE_BYTES:
            raise HTTPException(413, f"An offer may have at most {MAX_MESSAGE_BYTES} bytes.")
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise ProtocolError("The offer is no text in UTF-8.") from None


routes = [
    Route(f"{_PATH}/sessions/{{session}}", Resource),
    Route(f"{_PATH}/{{identity}}", Endpoint),
]
