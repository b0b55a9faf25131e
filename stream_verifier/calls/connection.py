"""One connection of a client to its session: media in by a source, events out by an outbox."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

from stream_verifier.decoded.frames import Piece
from stream_verifier.errors import ProtocolError
from stream_verifier.events.call_messages import GoingAway
from stream_verifier.events.event import Event
from stream_verifier.events.outbox import Outbox
from stream_verifier.events.schema import Origin
from stream_verifier.media.source import Fed, MediaSource

LostReason = Literal["socket_closed", "media_stopped", "taken_over"]
Missed: TypeAlias = Callable[[], Awaitable[list[Event]]]


async def _nothing() -> list[Event]:
    return []


class Connection:
    """A session has one at a time; when it is lost, another may take its place.

    Args:
        source: has started, or will before any event is sent.
        origin: where its media is fetched from, if it is.

    Attributes:
        missed: gives the events that the client missed, sent before all others.
        outbox: the session's events from now on.
        taken_over: whether another connection has taken this one's place.
        leaving: what its client is told once the server is about to stop.
    """

    def __init__(self, *, source: MediaSource, origin: Origin | None = None) -> None:
        self.source = source
        self.origin = origin
        self.outbox = Outbox()
        self.missed: Missed = _nothing
        self.taken_over = False
        self.leaving: asyncio.Future[GoingAway] = asyncio.get_running_loop().create_future()
        self._since_s = time.monotonic()
        self._watch: asyncio.Task[None] | None = None

    def watch(self, on_closed: Callable[[], None]) -> None:
        """Call back once when the source is, unless this connection is closed before."""
        self._watch = asyncio.create_task(self._wait(on_closed))

    def away_s(self) -> float:
        """Seconds since media came last; since the connection began, if none ever did."""
        silent_s = [stream.silent_s for stream in self.source.stats.streams.values()]
        heard = [seconds for seconds in silent_s if seconds is not None]
        return min(heard, default=time.monotonic() - self._since_s)

    @property
    def fed(self) -> bool:
        """Whether its media comes over its socket."""
        return isinstance(self.source, Fed)

    def feed(self, piece: Piece) -> None:
        """Hand media that came over its socket to the source; never waits.

        Raises:
            ProtocolError: it is nothing that may be sent, or its media comes in another way.
        """
        if not isinstance(self.source, Fed):
            raise ProtocolError("The media of this call does not come over its socket.")
        self.source.take(piece)

    def silence(self) -> None:
        """Take no more media, from now on; `close` still has to be awaited."""
        self.source.silence()
        if self._watch is not None:
            self._watch.cancel()

    async def close(self) -> None:
        """Release the source; events that wait are still handed out. Idempotent."""
        self.silence()
        if self._watch is not None:
            await asyncio.wait({self._watch})
        await self.source.close()

    async def _wait(self, on_closed: Callable[[], None]) -> None:
        await self.source.closed.wait()
        on_closed()
