"""The event log in memory: histories of running sessions whole, of ended ones for a while."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence

from stream_verifier.events.envelope import Envelope, Filter
from stream_verifier.events.event import Event
from stream_verifier.events.log import Limits, Listener, Stretch
from stream_verifier.events.memory.history import SessionHistory, in_order
from stream_verifier.events.schema import SessionEnded, SessionStarted


class MemoryEventLog:
    """An `EventLog` that lives as long as its process and never waits.

    Args:
        limits: how much is kept.
        now: a monotonic clock in seconds.

    Attributes:
        epoch: random name of this run.
        cursor: number of the newest event.
    """

    def __init__(
        self, *, limits: Limits | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.epoch = secrets.token_hex(8)
        self.cursor = 0
        self._limits = limits or Limits()
        self._now = now
        self._listeners: list[Listener] = []
        self._running: dict[str, SessionHistory] = {}
        # In the order of their ends.
        self._ended: dict[str, SessionHistory] = {}
        self._ended_at: dict[str, float] = {}
        self._evicted_through = 0

    def follow(self, listener: Listener) -> None:
        """Call back for every event from now on."""
        self._listeners.append(listener)

    def sessions(self) -> list[str]:
        """Ids of all that is held: ended sessions in the order of their ends, then running ones."""
        self._expire()
        return [*self._ended, *self._running]

    async def append(self, events: Sequence[Event]) -> None:
        """Number and keep these events, and tell of each."""
        for event in events:
            history = self._open(event.session)
            if event.seq > history.last_seq:
                self._add(event, history)

    async def end(self, session: str) -> None:
        """Count a session among the ended ones, at the price of the oldest."""
        self._end(session)

    async def read(self, wanted: Filter, *, after: int, through: int) -> Stretch:
        """What is wanted of the events numbered above ``after`` and up to ``through``."""
        self._expire()
        found = [
            envelope
            for history in self._wanted(after, wanted)
            for envelope in history.between(after, through)
            if wanted.wants_type(envelope.type)
        ]
        return Stretch(in_order(found), self._lost(wanted, after, through))

    async def history(self, session: str, after_seq: int = 0) -> list[Event]:
        """The held events of a session with a higher number in it, in order."""
        self._expire()
        history = self._running.get(session, self._ended.get(session))
        return [] if history is None else history.events_after(after_seq)

    async def close(self) -> None:
        """Tell nobody any more."""
        self._listeners.clear()

    def _open(self, session: str) -> SessionHistory:
        """The history to add to, made if the session is new."""
        self._expire()
        history = self._running.get(session, self._ended.get(session))
        if history is None:
            history = SessionHistory(
                max_scores=self._limits.scores, max_lasting=self._limits.lasting
            )
            self._running[session] = history
        return history

    def _add(self, event: Event, history: SessionHistory) -> None:
        self.cursor += 1
        if isinstance(event.payload, SessionStarted):
            history.identity = event.payload.identity
        envelope = Envelope(cursor=self.cursor, identity=history.identity, event=event)
        history.add(envelope)
        for listener in self._listeners:
            listener(envelope)
        if isinstance(event.payload, SessionEnded):
            self._end(event.session)

    def _end(self, session: str) -> None:
        history = self._running.pop(session, None)
        if history is None:
            return
        self._ended[session] = history
        self._ended_at[session] = self._now()
        self._expire()
        self._make_room()

    def _lost(self, wanted: Filter, after: int, through: int) -> int | None:
        """How many wanted events of a stretch are no longer held; None: unknown."""
        if after < self._evicted_through and not self._all_held(wanted.sessions):
            return None
        total = 0
        for history in self._wanted(after, wanted):
            lost = history.lost_between(after, through, wanted)
            if lost is None:
                return None
            total += lost
        return total

    def _wanted(self, cursor: int, wanted: Filter) -> list[SessionHistory]:
        everything = {**self._ended, **self._running}
        return [
            history
            for session, history in everything.items()
            if history.last_cursor > cursor and wanted.wants_session(session, history.identity)
        ]

    def _all_held(self, sessions: frozenset[str] | None) -> bool:
        return sessions is not None and sessions <= (self._running.keys() | self._ended.keys())

    def _expire(self) -> None:
        oldest_allowed = self._now() - self._limits.ended_for_s
        while self._ended_at and next(iter(self._ended_at.values())) < oldest_allowed:
            self._evict_oldest()

    def _make_room(self) -> None:
        while len(self._ended) > self._limits.ended_sessions:
            self._evict_oldest()
        excess = sum(map(len, self._ended.values())) - self._limits.ended_events
        for history in self._ended.values():
            if excess <= 0:
                return
            excess -= history.drop_scores()
        while excess > 0:
            excess -= self._evict_oldest()

    def _evict_oldest(self) -> int:
        """Let the session go that ended first; return how many events that were."""
        session = next(iter(self._ended))
        history = self._ended.pop(session)
        del self._ended_at[session]
        self._evicted_through = max(self._evicted_through, history.last_cursor)
        return len(history)
