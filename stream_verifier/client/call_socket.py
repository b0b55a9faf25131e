"""One WebSocket of a call that is fed, from its first message to its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping

import websockets
from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection

from stream_verifier.client.answers import not_ours, unanswered
from stream_verifier.errors import CallError, CallRefusedError
from stream_verifier.events.decoded_messages import Started
from stream_verifier.events.json_object import JsonObject

_OPEN_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 0.5
_PING_S = 5.0
_GOODBYE = 1000
TAKEN_OVER = 4001
# What passes by itself.
_TRY_AGAIN = frozenset(
    {"server_full", "server_stopping", "rate_limited", "not_ready", "fleet_failed"}
    | {"internal_error", "store_failed"}
)


class SocketLostError(CallError):
    """The socket could not be made or broke, or there is no place now: try again.

    Attributes:
        close_code: with which the server closed it; None where it did not.
    """

    def __init__(self, message: str, *, close_code: int | None = None) -> None:
        super().__init__(message)
        self.close_code = close_code


class CallSocket:
    """Made by `CallSocket.open`.

    Attributes:
        started: the server's answer to the first message.
    """

    started: Started

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @classmethod
    async def open(cls, url: str, first: Mapping[str, object]) -> CallSocket:
        """Connect and say what is wanted.

        Args:
            url: of the WebSocket.
            first: the message, of which None is left out.

        Raises:
            SocketLostError: nobody answers, or not as such a call does, or it has no place now.
            CallRefusedError: the server says no.
        """
        try:
            socket = await websockets.connect(
                url,
                open_timeout=_OPEN_TIMEOUT_S,
                close_timeout=_CLOSE_TIMEOUT_S,
                ping_interval=_PING_S,
                ping_timeout=_PING_S,
                compression=None,
            )
        except websockets.InvalidStatus as error:
            raise SocketLostError(not_ours(url, error.response.status_code)) from error
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            raise SocketLostError(unanswered(url, error)) from error
        opened = cls(socket)
        try:
            await opened.say(first)
            opened.started = _started(await opened.hear())
        except BaseException:
            await opened.close()
            raise
        return opened

    async def say(self, message: Mapping[str, object]) -> None:
        """Send a text message.

        Raises:
            SocketLostError: it broke.
        """
        await self.send(json.dumps({k: v for k, v in message.items() if v is not None}))

    async def send(self, message: str | bytes) -> None:
        """Send a message; waits while the network, or the server, takes no more.

        Raises:
            SocketLostError: it broke.
        """
        try:
            await self._socket.send(message)
        except websockets.ConnectionClosed as error:
            raise _lost(error) from error

    async def hear(self) -> JsonObject:
        """The next message.

        Raises:
            SocketLostError: it broke, or the server has no place now.
            CallRefusedError: the server says no.
        """
        try:
            message = json.loads(await self._socket.recv())
        except websockets.ConnectionClosed as error:
            raise _lost(error) from error
        except ValueError as error:
            raise SocketLostError("What came is no JSON.") from error
        if not isinstance(message, dict):
            raise SocketLostError("What came is no message of a call.")
        # An error of a call that runs is an event, with a number.
        if message.get("type") == "error" and "seq" not in message:
            raise _refusal(message)
        return message

    async def close(self, code: int = _GOODBYE) -> None:
        """Close it, without waiting for a server that is gone; 1000 ends the call."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * _CLOSE_TIMEOUT_S):
                await self._socket.close(code)


def _started(message: JsonObject) -> Started:
    try:
        return Started.model_validate(message)
    except ValidationError:
        raise SocketLostError("What answers takes no decoded media.") from None


def _lost(error: websockets.ConnectionClosed) -> SocketLostError:
    code = None if error.rcvd is None else error.rcvd.code
    return SocketLostError(f"The connection ended ({error}).", close_code=code)


def _refusal(message: JsonObject) -> CallError:
    code, text = str(message.get("code")), str(message.get("message"))
    if code in _TRY_AGAIN:
        return SocketLostError(f"{code}: {text}")
    return CallRefusedError(code, text)
