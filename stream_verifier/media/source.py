"""Where a call's media comes from: what a call needs of any source, and who makes them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from stream_verifier.decoded.frames import Piece
from stream_verifier.errors import MediaError
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.types import MediaGap

Way: TypeAlias = Literal["webrtc", "decoded"]
"""How a call's media comes: by a peer connection of its own, or decoded, over the call's socket."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the media of one source stopped, for the one that carries on.

    Attributes:
        origin_s: monotonic time at which media time was 0.
        ends_s: media time at which each kind ended that had come; "audio" and "video".
    """

    origin_s: float
    ends_s: Mapping[str, float]

    @property
    def newest_s(self) -> float:
        """Media time that nothing of the next source may lie before."""
        return max(self.ends_s.values(), default=0.0)

    def origin_at(self, now_s: float) -> float:
        """Monotonic time at which media time is 0 for a next source.

        Args:
            now_s: monotonic, when its first media may come at the earliest.
        """
        return min(self.origin_s, now_s - self.newest_s)

    def gaps_until(self, time_s: float) -> list[MediaGap]:
        """What is missing until the next source's first media, of all kinds at once.

        So no window counts one kind anew and the other from before.

        Args:
            time_s: when that media begins.
        """
        return [
            MediaGap(kind, end_s, max(end_s, time_s), "reconnected")
            for kind, end_s in self.ends_s.items()
        ]


@dataclass(frozen=True, slots=True)
class StreamStats:
    """One stream's counts so far.

    Attributes:
        packets: that came: RTP packets, or what a source has in their place.
        frames: decoded.
        lost: audio packets given up, or video frames dropped for a missing reference.
        restarts: times that stalled video had to be restarted.
        silent_s: seconds since the last packet; None before the first.
        refused: what was not taken of this stream, by reason, such as "frame_too_large".
        picture_px: width and height of the newest picture, before it is scaled.
    """

    packets: int = 0
    frames: int = 0
    lost: int = 0
    restarts: int = 0
    silent_s: float | None = None
    refused: Mapping[str, int] = field(default_factory=dict)
    picture_px: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class SourceStats:
    """A source's state and counts.

    Attributes:
        state: of its connection: "new", "connecting", "connected", "failed" or "closed".
        synchronised: whether audio and video share a clock yet, other than that of their arrival.
        streams: by kind, "audio" and "video".
        refused: what was not taken before it was known whose it is, by reason.
        failure: why it closed without ever having connected, for the client; None otherwise.
    """

    state: str
    synchronised: bool = False
    streams: Mapping[str, StreamStats] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    failure: MediaError | None = None


class MediaSource(Protocol):
    """Puts the media of one call into its inbox, as it comes; used on the event loop only.

    It never waits for who empties the inbox: that one drops what is too much, and counts it.
    `media_source_contract` in the tests says what all of them keep.
    """

    @property
    def closed(self) -> asyncio.Event:
        """Set when no more media will come, whoever ended it; `close` still has to be awaited."""
        ...

    @property
    def stats(self) -> SourceStats:
        """State and counts now."""
        ...

    @property
    def mark(self) -> Mark | None:
        """Where its media stands; None before any came."""
        ...

    def carry_on(self, mark: Mark) -> None:
        """Go on where another source of the same call stopped; before any media.

        Media time runs on by the time that was really away, so that evidence fades as it should,
        and `Mark.gaps_until` its beginning come before the first media.
        """
        ...

    async def start(self) -> str:
        """Begin, once.

        Media comes in a later turn of the event loop, so that whoever awaited this can still let
        it carry on where its predecessor stands by then.

        Returns:
            What the sender of the media must be told, such as an SDP answer; else nothing.

        Raises:
            NegotiationError: the sender and this source cannot agree; the source is closed.
            MediaError: there is no media to be had; the source is closed.
        """
        ...

    def silence(self) -> None:
        """Put nothing more into the inbox, from now on; `close` still has to be awaited."""
        ...

    async def close(self) -> None:
        """End: tasks, threads and sockets are gone when this returns. Idempotent."""
        ...


@runtime_checkable
class Fed(Protocol):
    """A source whose media is handed to it, over the socket of its call."""

    def take(self, piece: Piece) -> None:
        """Take what came, or count it as refused; never waits.

        Raises:
            ProtocolError: it is nothing that may be sent.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRequest:
    """What a call asks a factory for.

    Attributes:
        session: id of the call.
        offer: what its sender offers, such as SDP.
        followed: whether a client follows the call's events; else it is gone when media stops.
        way: how its media comes.
        audio_hz: samples a second, of sound that comes decoded.
        turned: others see its pictures turned as its packets say, and so should we.
    """

    session: str
    offer: str
    followed: bool = True
    way: Way = "webrtc"
    audio_hz: int = 16_000
    turned: bool = False


class SourceFactory(Protocol):
    """Makes the sources of a server's calls; `create_app` takes one."""

    def __call__(self, request: SourceRequest, inbox: MediaInbox) -> MediaSource:
        """Make one that is not started; cheap."""
        ...
