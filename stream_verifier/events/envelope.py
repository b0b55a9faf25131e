"""An event with its place in the feed, and what a subscriber wants of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from zlib import crc32

from stream_verifier.events.audience import Audience
from stream_verifier.events.event import Event
from stream_verifier.events.kinds import is_dispensable


@dataclass(frozen=True, slots=True)
class Position:
    """How far a subscriber has come.

    Attributes:
        epoch: which event log counted; None means the server's own.
        cursor: number of the last event that was received, 0 before the first.
    """

    epoch: str | None
    cursor: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event as the feed carries it, serialised once for all subscribers of one audience.

    Attributes:
        cursor: counts the events of all sessions in one event log, from 1.
        identity: whom the session is about; None when it never said so.
    """

    cursor: int
    identity: str | None
    event: Event
    _texts: dict[Audience, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def text(self) -> str:
        """All of it as JSON."""
        return self.text_for(Audience.LOCAL)

    def text_for(self, audience: Audience) -> str:
        """The envelope as JSON, as that audience is told it."""
        if audience not in self._texts:
            line = self.event.line_for(audience)
            self._texts[audience] = f'{{"cursor":{self.cursor},"event":{line}}}'
        return self._texts[audience]

    @property
    def session(self) -> str:
        """The session's id."""
        return self.event.session

    @property
    def type(self) -> str:
        """The event's type."""
        return self.event.type

    @property
    def dispensable(self) -> bool:
        """Whether it gives way first."""
        return is_dispensable(self.event.payload)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events a subscriber wants; None wants all, and all that is given must fit.

    Attributes:
        sessions: ids of sessions.
        identities: names of the people whom sessions are about.
        types: event types.
        share: (k, n): only the sessions of the k-th of n equal parts.
    """

    sessions: frozenset[str] | None = None
    identities: frozenset[str] | None = None
    types: frozenset[str] | None = None
    share: tuple[int, int] | None = None

    def wants_session(self, session: str, identity: str | None) -> bool:
        """Whether events of that session are wanted at all."""
        if self.sessions is not None and session not in self.sessions:
            return False
        if self.share is not None and crc32(session.encode()) % self.share[1] != self.share[0]:
            return False
        return self.identities is None or identity in self.identities

    def wants_type(self, event_type: str) -> bool:
        """Whether events of that type are wanted."""
        return self.types is None or event_type in self.types

    def wants(self, envelope: Envelope) -> bool:
        """Whether this event is wanted."""
        if self.types is not None and envelope.type not in self.types:
            return False
        return self.wants_session(envelope.session, envelope.identity)
