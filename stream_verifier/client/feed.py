"""The event feed as an async iterator that survives lost connections."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from types import TracebackType
from typing import Self, TypeAlias

from stream_verifier.client.backoff import Backoff
from stream_verifier.client.connection import (
    Connection,
    ConnectionFailedError,
    Request,
    feed_url,
)
from stream_verifier.client.items import FeedEvent, Lost, read_envelope
from stream_verifier.client.token_source import Token, ask
from stream_verifier.errors import FeedRefusedError, SettingsError
from stream_verifier.events.envelope import Position
from stream_verifier.events.feed_messages import Dropped, Heartbeat
from stream_verifier.events.json_object import JsonObject

_logger = logging.getLogger(__name__)

_EXPIRED = "expired_token"

Item: TypeAlias = FeedEvent | Lost


class EventFeed:
    """Events of a server: an async context manager to iterate over.

    A lost connection is made anew, and the feed goes on behind the last event that was handed
    out: none is missing and none comes twice. What cannot be had any more comes as `Lost`.

    Args:
        url: the server's http or WebSocket address, with its path prefix if it has one.
        token: sent in the first message; a function, plain or async, is asked at every
            connection, as tokens expire.
        sessions: ids to follow, all without.
        identities: names of people to follow, all without.
        types: event types to follow, all without.
        after: resume here; `Position(None, 0)` starts with the oldest event that is held.
        silence_s: without a message for so long, the connection counts as lost; the server
            sends a heartbeat every 5 s.
        backoff: waits between attempts to connect.

    Raises:
        SettingsError: the address is none, or one name stands where a list belongs.

    Attributes:
        position: where to resume later; None before the first connection.
        reconnections: how often the connection was made anew.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token | None = None,
        sessions: Iterable[str] | None = None,
        identities: Iterable[str] | None = None,
        types: Iterable[str] | None = None,
        after: Position | None = None,
        silence_s: float = 15.0,
        backoff: Backoff | None = None,
    ) -> None:
        self.position = after
        self.reconnections = 0
        self._url = feed_url(url)
        self._token = token
        self._request = Request(
            sessions=_tuple(sessions), identities=_tuple(identities), types=_tuple(types)
        )
        self._silence_s = silence_s
        self._backoff = backoff or Backoff(first_s=0.25, longest_s=10.0)
        self._connection: Connection | None = None
        self._ready: deque[Item] = deque()
        # Told together with what comes next: until then a new connection may still bring them.
        self._losses: list[Lost] = []
        self._entered = False

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            FeedRefusedError: the token or a filter is refused.
            FeedError: nobody answers there.
        """
        await self._connect()
        self._entered = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave."""
        self._entered = False
        await self._disconnect()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        """The next event or loss; waits through lost connections for as long as it takes.

        Raises:
            FeedRefusedError: the server refuses to go on, as when a token has expired and there
                is no function that gives a new one.
            RuntimeError: the feed was not entered.
        """
        if not self._entered:
            raise RuntimeError("Enter the feed before iterating over it.")
        while not self._ready:
            try:
                await self._receive()
            except ConnectionFailedError as error:
                _logger.warning("event feed lost: %s", error)
                await self._reconnect()
            except FeedRefusedError as error:
                if error.server_code != _EXPIRED or not callable(self._token):
                    raise
                await self._reconnect()
        return self._hand_out()

    def _hand_out(self) -> Item:
        item = self._ready.popleft()
        if isinstance(item, FeedEvent):
            self.position = item.position
        return item

    async def _receive(self) -> None:
        """Take one message in."""
        if self._connection is None:
            raise ConnectionFailedError("There is no connection.")
        message = await self._connection.receive()
        try:
            self._take(message, epoch=self._connection.hello.epoch)
        except (KeyError, TypeError, ValueError) as error:
            raise ConnectionFailedError("What came is no message of the feed.") from error

    def _take(self, message: JsonObject, *, epoch: str) -> None:
        match message.get("type"):
            case "dropped":
                self._losses.append(
                    Lost(count=Dropped.model_validate(message).scores, scores_only=True)
                )
            case "heartbeat":
                position = Position(epoch, Heartbeat.model_validate(message).cursor)
                self._tell_losses()
                # Whatever came before it was handed out before this was received.
                self.position = position
            case None:
                event = read_envelope(message, epoch=epoch)
                self._tell_losses()
                self._ready.append(event)

    def _tell_losses(self) -> None:
        self._ready.extend(self._losses)
        self._losses.clear()

    async def _connect(self) -> None:
        token = await ask(self._token)
        connection = await Connection.open(
            self._url,
            self._request.message(token=token, after=self.position),
            silence_s=self._silence_s,
        )
        self._connection = connection
        hello = connection.hello
        self._losses.clear()
        if hello.lost == 0:
            self.position = Position(hello.epoch, hello.cursor)
        else:
            self._losses.append(Lost(count=hello.lost, scores_only=False))

    async def _reconnect(self) -> None:
        failures = 0
        while True:
            await self._disconnect()
            failures += 1
            await asyncio.sleep(self._backoff.delay_s(failures))
            try:
                await self._connect()
            except ConnectionFailedError as error:
                _logger.info("event feed: attempt %d failed: %s", failures, error)
            else:
                self.reconnections += 1
                return

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def _tuple(names: Iterable[str] | None) -> tuple[str, ...] | None:
    if isinstance(names, str):
        raise SettingsError(f"{names!r} is one name: give a list, such as [{names!r}].")
    return None if names is None else tuple(names)
