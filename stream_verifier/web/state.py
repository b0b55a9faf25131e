"""What all routes share: one typed object in place of names on the application."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from stream_verifier.access.gate import Gate
from stream_verifier.access.limiter import Limiter
from stream_verifier.access.waiting import WaitingRoom
from stream_verifier.audit.journal import Journal
from stream_verifier.calls.gauge import Gauge
from stream_verifier.calls.neighbours import Alone, Neighbours
from stream_verifier.calls.registry import SessionRegistry
from stream_verifier.calls.repeats import LocalRepeats, Repeats
from stream_verifier.calls.uploads import Uploads
from stream_verifier.errors import NotStartedError
from stream_verifier.events.hub import Hub
from stream_verifier.identities.store import IdentityStore
from stream_verifier.media.source import SourceFactory
from stream_verifier.rooms.desk import NoRooms, RoomDesk
from stream_verifier.rooms.livekit.following import FollowedLiveKit
from stream_verifier.settings import Settings
from stream_verifier.verify.stages import StageTimes


class Posted(Protocol):
    """What became of the events that a receiver is sent."""

    @property
    def delivered(self) -> int:
        """Those that it took."""

    @property
    def lost(self) -> int:
        """Those, other than scores, that never reached it."""

    @property
    def dropped(self) -> int:
        """Scores that were left out as it was slow."""

    @property
    def retrying(self) -> int:
        """Messages that it did not take yet; all behind them wait."""

    @property
    def stopped(self) -> bool:
        """Whether nothing is sent any more, though the server runs."""


@dataclass(frozen=True, slots=True)
class NothingPosted:
    """Nobody is sent anything."""

    delivered: int = 0
    lost: int = 0
    dropped: int = 0
    retrying: int = 0
    stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What runs between the application's start and its end."""

    store: IdentityStore
    hub: Hub
    sessions: SessionRegistry
    gauge: Gauge
    stages: StageTimes
    journal: Journal
    uploads: Uploads
    neighbours: Neighbours = field(default_factory=Alone)
    repeats: Repeats = field(default_factory=LocalRepeats)
    rooms: RoomDesk = field(default_factory=NoRooms)
    livekit: FollowedLiveKit | None = None
    posted: Posted = field(default_factory=NothingPosted)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """One an application.

    Attributes:
        settings: as it was made with.
        gate: who may do what.
        make_source: makes what a call's media comes from.
        callers_room: where sockets wait that may open a call.
        readers_room: where sockets wait that may follow the feed; callers take no seat of theirs.
        feeders_room: where sockets wait that may feed a call; few, since their messages are large.
        failures: limits lines of the log on what it failed at, by the error's code.
        refused: what clients were refused, by the error's code.
        services: None before the application has started.
    """

    settings: Settings
    gate: Gate
    make_source: SourceFactory
    callers_room: WaitingRoom
    readers_room: WaitingRoom
    feeders_room: WaitingRoom = field(
        default_factory=lambda: WaitingRoom(seats=64, seats_per_client=16)
    )
    failures: Limiter = field(default_factory=lambda: Limiter(per_minute=1))
    refused: Counter[str] = field(default_factory=Counter)
    services: Services | None = None

    @property
    def store(self) -> IdentityStore:
        """Who is enrolled."""
        return self._started.store

    @property
    def journal(self) -> Journal:
        """What the audit trail is owed."""
        return self._started.journal

    @property
    def uploads(self) -> Uploads:
        """Enrolments from files."""
        return self._started.uploads

    @property
    def repeats(self) -> Repeats:
        """Requests that may be sent again."""
        return self._started.repeats

    @property
    def posted(self) -> Posted:
        """What became of the events that a receiver is sent."""
        return self._started.posted

    @property
    def hub(self) -> Hub:
        """The events of all sessions."""
        return self._started.hub

    @property
    def sessions(self) -> SessionRegistry:
        """The calls that run."""
        return self._started.sessions

    @property
    def neighbours(self) -> Neighbours:
        """Other workers, if there are any."""
        return self._started.neighbours

    @property
    def livekit(self) -> FollowedLiveKit | None:
        """What follows LiveKit's news of its rooms, if the settings want it."""
        return self._started.livekit

    @property
    def rooms(self) -> RoomDesk:
        """Attached rooms of other servers."""
        return self._started.rooms

    @property
    def gauge(self) -> Gauge:
        """What calls use."""
        return self._started.gauge

    @property
    def stages(self) -> StageTimes:
        """Where the worker's time goes."""
        return self._started.stages

    @property
    def _started(self) -> Services:
        if self.services is None:
            raise NotStartedError
        return self.services


def set_state(app: Starlette, state: ServerState) -> None:
    """Make this the state of an application."""
    app.state.server = state


def state_of_app(app: Starlette) -> ServerState:
    """The state of an application."""
    state: ServerState = app.state.server
    return state


def state_of(connection: HTTPConnection) -> ServerState:
    """The state of the application that serves a connection."""
    return state_of_app(connection.app)
