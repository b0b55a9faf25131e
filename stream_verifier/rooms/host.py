"""What is needed of a room, whichever server hosts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import MediaSource, SourceFactory, SourceRequest

MOST_PUBLISHERS = 1000
"""Of one room; further ones are not seen, which is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One that a publisher sends.

    Attributes:
        mid: its name with that publisher.
        kind: of media.
        codec: as the host names it.
        layered: whether it comes in several sizes to choose from.
    """

    mid: str
    kind: Literal["audio", "video"]
    codec: str
    layered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Somebody in a room who may send.

    Attributes:
        feed: the host's id for him; safe to log.
        display: the name that he chose; personal, not for logs.
        streams: that he sends and that are read here; none while he sends nothing.
        unread: so many more does he send that nobody here looks at.
        stint: another number whenever what he sends begins anew.
    """

    feed: str
    display: str | None = field(default=None, repr=False)
    streams: tuple[Stream, ...] = ()
    unread: int = 0
    stint: int = 0


class RoomSource(MediaSource, Protocol):
    """Media of one publisher."""

    async def choose_layer(self, layer: int) -> None:
        """Ask for another size, 0 the smallest; the host gives what there is of it.

        Raises:
            RoomError: the host does not answer.
        """
        ...


class Room(Protocol):
    """A room that was entered; used from the event loop only."""

    @property
    def publishers(self) -> Mapping[str, Publisher]:
        """Who may send now, by feed; `MOST_PUBLISHERS` at most."""
        ...

    @property
    def unseen(self) -> int:
        """So many publishers were beyond what is followed, or made no sense."""
        ...

    async def changed(self) -> None:
        """Wait until the publishers have changed since this returned last.

        Raises:
            UnknownRoomError: the room is no more.
            RoomRefusedError: we were put out of it.
            RoomHostError: the host is gone.
        """
        ...

    def source(self, publisher: Publisher, request: SourceRequest, inbox: MediaInbox) -> RoomSource:
        """Make a source of what a publisher sends, not started; cheap."""
        ...

    async def tell(self, text: str) -> bool:
        """Say something to all in the room; False where there is no way to.

        Raises:
            RoomError: the host does not answer.
        """
        ...

    async def leave(self) -> None:
        """Go, without waiting for a host that is gone. Idempotent."""
        ...


class RoomHost(Protocol):
    """Where a room is, and how to get in."""

    async def enter(self, make_peer: SourceFactory) -> Room:
        """Connect and enter, hidden as far as the host lets one be.

        Args:
            make_peer: makes what receives WebRTC, of an SDP offer.

        Raises:
            UnknownRoomError: there is no such room.
            RoomRefusedError: a secret is wrong.
            RoomHostError: the host does not answer.
        """
        ...
