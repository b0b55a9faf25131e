"""Connections that hold the door without coming in: bounded in number and in time.

uvicorn waits for ever for a request's headers, and a process has only so many files. Here a
connection without a request under way has a deadline, and where too many wait the one that has
waited for longest gives way to the newest.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from stream_verifier.hosting.open_files import raise_open_files
from stream_verifier.hosting.pieces import TinyPiecesError, WeighedHttp, slices

_REQUEST_WITHIN_S = 10.0
READ_WITHIN_S = 30.0
"""For most of what waits to be read, some 50 kB; an answer may be longer."""
_RESERVED_FILES = 96
_MOST = 1024


class Doorkeeper:
    """Knows the connections that wait, in the order in which they began to.

    Args:
        most: that may wait at once.
        within_s: for so long one may wait for a request to be complete up to its body.
    """

    def __init__(self, *, most: int, within_s: float = _REQUEST_WITHIN_S) -> None:
        self._most = most
        self._within_s = within_s
        self._waiting: dict[asyncio.Transport, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        """Connections that wait."""
        return len(self._waiting)

    def wait(self, transport: asyncio.Transport) -> None:
        """Let a connection wait from now on; the longest waiting one may have to go for it."""
        self.leave(transport)
        if len(self._waiting) >= self._most:
            longest = next(iter(self._waiting))
            self.leave(longest)
            longest.abort()
        loop = asyncio.get_running_loop()
        self._waiting[transport] = loop.call_later(self._within_s, self._give_up, transport)

    def leave(self, transport: asyncio.Transport) -> None:
        """Let a connection wait no more: it has a request under way, or is gone."""
        if (deadline := self._waiting.pop(transport, None)) is not None:
            deadline.cancel()

    def _give_up(self, transport: asyncio.Transport) -> None:
        self._waiting.pop(transport, None)
        transport.abort()


class WatchedHttp(H11Protocol):
    """uvicorn's HTTP protocol, whose connections a doorkeeper knows."""

    doorkeeper: ClassVar[Doorkeeper]
    _unread: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.conn = WeighedHttp()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.doorkeeper.wait(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self.doorkeeper.leave(self.transport)
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Wait no more once the headers of a request are there."""
        for part in slices(data):
            super().data_received(part)
            if self.transport.is_closing() or self.transport.get_protocol() is not self:
                return
        if self.cycle is not None and not self.cycle.response_complete:
            self.doorkeeper.leave(self.transport)

    def handle_events(self) -> None:
        """Do what was asked for, and cut off who is not worth it or garbles what he began."""
        try:
            super().handle_events()
        except (TinyPiecesError, h11.LocalProtocolError):
            self.transport.abort()

    def pause_writing(self) -> None:
        """Wait only so long for who asks and does not read."""
        super().pause_writing()
        loop = asyncio.get_running_loop()
        self._unread = loop.call_later(READ_WITHIN_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on, for who reads."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Leave the connection to the WebSocket."""
        self.doorkeeper.leave(self.transport)
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self.doorkeeper.wait(self.transport)


def watched_http() -> type[WatchedHttp]:
    """A protocol with a doorkeeper of its own, as many waiting as this process has files for."""

    class Watched(WatchedHttp):
        doorkeeper = Doorkeeper(most=_room())

    return Watched


def _room() -> int:
    """How many may wait: a half of the files that are left, once as many are had as can be."""
    return max(8, min(_MOST, (raise_open_files() - _RESERVED_FILES) // 2))
