"""Media of one publisher of a VideoRoom: Janus offers, a peer of ours answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from stream_verifier.errors import MediaError, NegotiationError, RoomError
from stream_verifier.media.closing import Closing
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import (
    Mark,
    MediaSource,
    SourceFactory,
    SourceRequest,
    SourceStats,
)
from stream_verifier.rooms.host import Stream
from stream_verifier.rooms.janus.connection import (
    Handle,
    JanusConnection,
    Message,
    said_by_plugin,
)
from stream_verifier.rooms.janus.publishers import Feed
from stream_verifier.rooms.layers import FIRST_LAYER

_logger = logging.getLogger(__name__)
_OVER = frozenset({"gone", "detached", "hangup"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What is subscribed to.

    Attributes:
        connection: to Janus.
        plugin: the VideoRoom's name.
        entry: the room and what it wants to know of who subscribes; not for logs.
        feed: the publisher.
        streams: of his, at most one of each kind.
    """

    connection: JanusConnection
    plugin: str
    entry: Mapping[str, object] = field(repr=False)
    feed: Feed
    streams: Sequence[Stream]

    @property
    def request(self) -> Message:
        """Names each stream, so that nothing comes that was not chosen."""
        streams = [
            {
                "feed": self.feed,
                "mid": one.mid,
                **({"substream": FIRST_LAYER} if one.layered else {}),
            }
            for one in self.streams
        ]
        return {
            "request": "join",
            "ptype": "subscriber",
            "streams": streams,
            # What the publisher renegotiates, whoever follows the room subscribes to anew.
            "autoupdate": False,
            **self.entry,
        }


class JanusSource:
    """A `RoomSource`; it lives as long as its subscription.

    Args:
        subscription: to what.
        request: of the call.
        inbox: of the call.
        make_peer: makes what receives, of Janus's offer.
    """

    def __init__(
        self,
        subscription: Subscription,
        request: SourceRequest,
        inbox: MediaInbox,
        make_peer: SourceFactory,
    ) -> None:
        self.closed = asyncio.Event()
        self._subscription = subscription
        self._request = request
        self._inbox = inbox
        self._make_peer = make_peer
        self._handle: Handle | None = None
        self._peer: MediaSource | None = None
        self._before: Mark | None = None
        self._layered: list[str] = []
        self._begun = False
        self._silent = False
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = Closing(self._close)

    @property
    def stats(self) -> SourceStats:
        """State and counts now."""
        if self._closing.begun:
            state = "closed"
            return (
                SourceStats(state) if self._peer is None else replace(self._peer.stats, state=state)
            )
        if self._peer is not None:
            return self._peer.stats
        return SourceStats("connecting" if self._begun else "new")

    @property
    def mark(self) -> Mark | None:
        """Where its media stands; None before any came."""
        return self._before if self._peer is None else self._peer.mark

    def carry_on(self, mark: Mark) -> None:
        """Go on where another source of the same call stopped; before any media."""
        self._before = mark
        if self._peer is not None:
            self._peer.carry_on(mark)

    def silence(self) -> None:
        """Put nothing more into the inbox, from now on; `close` still has to be awaited."""
        self._silent = True
        if self._peer is not None:
            self._peer.silence()

    async def start(self) -> str:
        """Subscribe and answer Janus's offer.

        Raises:
            NegotiationError: the offer cannot be answered, or this was started before.
            RoomError: Janus refuses, or is gone.
        """
        if self._begun or self._closing.begun:
            raise NegotiationError("This subscription was begun already. Make a new one.")
        self._begun = True
        try:
            await self._begin()
        except BaseException:
            await self.close()
            await self._release()  # what came to be while it was closed already
            raise
        return ""

    async def choose_layer(self, layer: int) -> None:
        """Ask for another size of the picture, with a key frame of it."""
        if self._handle is None or self._closing.begun:
            return
        streams = [{"mid": mid, "substream": layer, "keyframe": True} for mid in self._layered]
        if streams:
            await self._handle.ask({"request": "configure", "streams": streams})

    async def close(self) -> None:
        """End: the subscription is given back, sockets and threads are gone. Idempotent."""
        await self._closing()

    async def _begin(self) -> None:
        subscription = self._subscription
        if not subscription.streams:
            raise MediaError("This publisher sends nothing that is read here.")
        self._handle = handle = await subscription.connection.attach(subscription.plugin)
        handle.hear = self._hear
        attached = await handle.ask(subscription.request)
        if any(one.layered for one in subscription.streams):
            self._layered = _pictures(attached)
        offer = replace(self._request, offer=_offer(attached), turned=True)
        peer = self._make_peer(offer, self._inbox)
        if self._before is not None:
            peer.carry_on(self._before)
        self._peer = peer
        answer = await peer.start()
        if self._silent or self._closing.begun:
            raise NegotiationError("This subscription was ended while it began.")
        # Media comes as soon as Janus has the answer, and not before whoever started this has had
        # a turn: so nobody waits for Janus here.
        self._tasks = [
            asyncio.create_task(self._say_start(handle, answer)),
            asyncio.create_task(self._watch(peer)),
        ]

    async def _say_start(self, handle: Handle, answer: str) -> None:
        jsep = {"type": "answer", "sdp": answer, "trickle": False}
        try:
            await handle.ask({"request": "start"}, jsep)
        except RoomError as error:
            _logger.warning("Janus does not take the answer to a subscription: %s", error)
            self.closed.set()

    async def _watch(self, peer: MediaSource) -> None:
        await peer.closed.wait()
        self.closed.set()

    def _hear(self, message: Message) -> None:
        if message.get("janus") in _OVER:
            self.closed.set()

    async def _close(self) -> None:
        self.closed.set()
        self.silence()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._release()

    async def _release(self) -> None:
        if self._handle is not None:
            await self._handle.detach()
        if self._peer is not None:
            await self._peer.close()


def _offer(attached: Message) -> str:
    """The offer that comes with a subscription.

    Raises:
        NegotiationError: there is none: the publisher has stopped meanwhile.
    """
    jsep = attached.get("jsep")
    sdp = jsep.get("sdp") if isinstance(jsep, dict) and jsep.get("type") == "offer" else None
    if not isinstance(sdp, str):
        raise NegotiationError("Janus offers nothing of this publisher any more.")
    return sdp


def _pictures(attached: Message) -> list[str]:
    """The names that the pictures have in this subscription."""
    streams = said_by_plugin(attached).get("streams")
    listed = [one for one in streams if isinstance(one, dict)] if isinstance(streams, list) else []
    return [str(one["mid"]) for one in listed if one.get("type") == "video" and "mid" in one]
