"""One connection to the feed, from its first message to its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit, urlunsplit

import websockets
from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection

from stream_verifier.client.answers import not_ours, unanswered
from stream_verifier.errors import FeedError, FeedRefusedError, SettingsError
from stream_verifier.events.envelope import Position
from stream_verifier.events.feed_messages import Subscribed
from stream_verifier.events.json_object import JsonObject
from stream_verifier.events.schema import VERSION

_PATH = "/api/v1/events"
_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_OPEN_TIMEOUT_S = 10.0
# A server behind a cut network never answers, and a new connection waits for this one's end.
_CLOSE_TIMEOUT_S = 0.5
_MAX_MESSAGE_BYTES = 1024 * 1024


class ConnectionFailedError(FeedError):
    """The connection could not be made or broke: try again."""


def feed_url(url: str) -> str:
    """The feed's address below a server's; see `socket_url`."""
    return socket_url(url, _PATH)


def socket_url(url: str, socket_path: str) -> str:
    """The address of a WebSocket below a server's.

    Raises:
        SettingsError: it is no http or WebSocket address, or carries what must not be in one.
    """
    parts = _server(url, _SCHEMES)
    path = parts.path.rstrip("/").removesuffix(socket_path) + socket_path
    return urlunsplit((_SCHEMES[parts.scheme], parts.netloc, path, "", ""))


def http_url(url: str) -> str:
    """A server's address for requests over HTTP, without a slash at its end.

    Raises:
        SettingsError: it is no http address, or carries what must not be in one.
    """
    return urlunsplit(_server(url, ("http", "https"))).rstrip("/")


def _server(url: str, schemes: Collection[str]) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname:
        raise SettingsError(f"{url!r} is no server's address: give one like https://host:8443.")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise SettingsError("Give the server's address alone: tokens are no part of it.")
    return parts


@dataclass(frozen=True, slots=True)
class Request:
    """What to follow; as in the contract's `subscribe`."""

    sessions: tuple[str, ...] | None
    identities: tuple[str, ...] | None
    types: tuple[str, ...] | None

    def message(self, *, token: str | None, after: Position | None) -> str:
        """The subscribe message."""
        fields: dict[str, object] = {
            "token": token,
            "sessions": self.sessions,
            "identities": self.identities,
            "types": self.types,
            "after": None if after is None else {"epoch": after.epoch, "cursor": after.cursor},
        }
        given = {key: value for key, value in fields.items() if value is not None}
        return json.dumps({"type": "subscribe", **given})


class Connection:
    """Made by `Connection.open`.

    Attributes:
        hello: the server's answer to `subscribe`.
    """

    hello: Subscribed

    def __init__(self, socket: ClientConnection, *, silence_s: float) -> None:
        self._socket = socket
        self._silence_s = silence_s

    @classmethod
    async def open(cls, url: str, subscribe: str, *, silence_s: float) -> Connection:
        """Connect and subscribe.

        Raises:
            ConnectionFailedError: nobody answers, or not as a feed does, or it has no place.
            FeedRefusedError: the server says no.
        """
        try:
            socket = await websockets.connect(
                url,
                open_timeout=_OPEN_TIMEOUT_S,
                close_timeout=_CLOSE_TIMEOUT_S,
                max_size=_MAX_MESSAGE_BYTES,
            )
        except websockets.InvalidStatus as error:
            raise ConnectionFailedError(not_ours(url, error.response.status_code)) from error
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            raise ConnectionFailedError(unanswered(url, error)) from error
        connection = cls(socket, silence_s=silence_s)
        try:
            await connection._greet(subscribe)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def receive(self) -> JsonObject:
        """The next message.

        Raises:
            ConnectionFailedError: it broke, or was silent for too long.
            FeedRefusedError: the server ends it for good.
        """
        try:
            async with asyncio.timeout(self._silence_s):
                message = json.loads(await self._socket.recv())
        except TimeoutError:
            raise ConnectionFailedError(f"Nothing came for {self._silence_s:g} s.") from None
        except websockets.ConnectionClosed as error:
            raise ConnectionFailedError(f"The connection ended ({error}).") from error
        except ValueError as error:
            raise ConnectionFailedError("What came is no JSON.") from error
        if not isinstance(message, dict):
            raise ConnectionFailedError("What came is no message of the feed.")
        if message.get("type") == "error":
            raise _refusal(message)
        return message

    async def close(self) -> None:
        """Close it, without waiting for a server that is gone."""
        await self._socket.close()

    async def _greet(self, subscribe: str) -> None:
        try:
            await self._socket.send(subscribe)
        except websockets.ConnectionClosed as error:
            raise ConnectionFailedError(f"The connection ended ({error}).") from error
        hello = await self.receive()
        try:
            self.hello = Subscribed.model_validate({**hello, "v": VERSION, "type": hello["type"]})
        except (KeyError, ValidationError):
            raise ConnectionFailedError("What answers is no event feed.") from None


# What passes by itself.
_TRY_AGAIN = frozenset({"server_full", "rate_limited", "internal_error", "store_failed"})


def _refusal(message: JsonObject) -> FeedError:
    code, text = str(message.get("code")), str(message.get("message"))
    if code in _TRY_AGAIN:
        return ConnectionFailedError(text)
    return FeedRefusedError(code, text)
