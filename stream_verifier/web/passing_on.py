"""Passes a call's signalling on to the worker that has the call, both ways, byte for byte.

The client's own token goes with it, so that a worker trusts no other worker more than any client.
That a worker did it is signed with the key that all of them have: a client that says so of itself
could choose where its call goes on, and lose what speaks against it.
"""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import quote, urlsplit

import httpx
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from stream_verifier.errors import FleetError
from stream_verifier.events.call_messages import MAX_MESSAGE_BYTES, Return
from stream_verifier.web.access import client_of, gate_of
from stream_verifier.web.sockets import receive

PASSED_ON = "x-stream-verifier-passed-on"

_OPEN_S = 5.0
_PING_S = 5.0
_LEFT = 1001
_FAILED = 1011
_NO_CODES = {1005, 1006, 1015}
"""They name that there was none, and cannot be sent."""


class OwnerGoneError(FleetError):
    """The machine is there, the worker is not: its lease need not be waited for."""


def was_passed_on(connection: HTTPConnection, session: str) -> bool:
    """Whether another worker sent the client of a session here: it is passed on once only."""
    mark, tokens = connection.headers.get(PASSED_ON), gate_of(connection).tokens
    return mark is not None and (tokens is None or tokens.is_mark(mark, session))


async def pass_on(websocket: WebSocket, message: Return, address: str, *, path: str) -> None:
    """Serve a connection of a call that another worker has, until either side closes it.

    Args:
        websocket: of the client.
        message: its first, which is passed on as well.
        address: of the other worker.
        path: of the sockets of such calls, below that address.

    Raises:
        OwnerGoneError: nothing listens there any more.
        FleetError: that worker cannot be reached.
    """
    try:
        owner = await _connect(websocket, message.session, address, path=path)
    except ConnectionRefusedError as error:
        raise OwnerGoneError("the server that has the call is gone") from error
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
        raise FleetError(f"the server that has the call: {type(error).__name__}") from error
    async with owner:
        await owner.send(message.model_dump_json(exclude_none=True))
        ways = {
            asyncio.create_task(_to_owner(websocket, owner)),
            asyncio.create_task(_to_client(websocket, owner)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


async def post_on(
    request: Request, session: str, address: str, *, path: str, body: str
) -> Response:
    """Have another worker answer a request, and give its answer.

    Args:
        request: of the client; its token goes with it.
        session: that it is about.
        address: of the other worker.
        path: below that address.
        body: JSON.

    Raises:
        FleetError: that worker cannot be reached.
    """
    headers = _headers_of(request, session) | {"Content-Type": "application/json"}
    for name in ("host", "authorization"):
        if value := request.headers.get(name):
            headers[name] = value
    try:
        # Reads certificates, which takes a moment.
        client = await asyncio.to_thread(httpx.AsyncClient, timeout=_OPEN_S, trust_env=False)
        async with client:
            answer = await client.post(address.rstrip("/") + path, content=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FleetError(f"the server that has the call: {type(error).__name__}") from error
    media_type = answer.headers.get("content-type")
    return Response(answer.content, answer.status_code, media_type=media_type)


def _headers_of(connection: HTTPConnection, session: str) -> dict[str, str]:
    """By what another worker knows that a client is passed on, and which."""
    tokens = gate_of(connection).tokens
    headers = {PASSED_ON: "1" if tokens is None else tokens.mark(session)}
    if tokens is not None:
        # Without a key whoever comes by a proxy is nobody, and all are on this machine anyway.
        headers["X-Forwarded-For"] = client_of(connection)
    if origin := connection.headers.get("origin"):
        headers["Origin"] = origin
    return headers


async def _connect(
    websocket: WebSocket, session: str, address: str, *, path: str
) -> ClientConnection:
    """Connect under the name and origin that the client uses, to the owner's own address."""
    there = urlsplit(address)
    secure = there.scheme == "https"
    host = websocket.headers.get("host") or there.netloc
    below = f"{there.path.rstrip('/')}{path}/{quote(session, safe='')}"
    return await connect(
        f"{'wss' if secure else 'ws'}://{host}{below}",
        host=there.hostname,
        port=there.port or (443 if secure else 80),
        server_hostname=there.hostname if secure else None,
        additional_headers=_headers_of(websocket, session),
        proxy=None,
        compression=None,
        max_size=MAX_MESSAGE_BYTES,
        open_timeout=_OPEN_S,
        ping_interval=_PING_S,
        ping_timeout=_PING_S,
    )


async def _to_owner(websocket: WebSocket, owner: ClientConnection) -> None:
    """Pass on what the client says; how it left tells the owner whether it comes back."""
    while True:
        try:
            said = await receive(websocket)
        except WebSocketDisconnect as gone:
            await owner.close(_LEFT if gone.code in _NO_CODES else gone.code)
            return
        try:
            await owner.send(said)
        except ConnectionClosed:
            return


async def _to_client(websocket: WebSocket, owner: ClientConnection) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the client has left
        try:
            while True:
                text = await owner.recv()
                await websocket.send_text(text if isinstance(text, str) else text.decode())
        except ConnectionClosed as closed:
            code = _FAILED if closed.rcvd is None else closed.rcvd.code
            reason = "" if closed.rcvd is None else closed.rcvd.reason
            await websocket.close(_FAILED if code in _NO_CODES else code, reason)
