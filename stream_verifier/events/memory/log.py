"""The event log in memory: histories of running sessions whole, of ended ones for a while."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Sequence

from stream_verifier.events.envelope import Envelope, Filter
from stream_verifier.events.event import Event
from stream_verifier.events.log import HoleListener, Limits, Listener, Stretch
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
        failing: never.
    """

    failing = False

    def __init__(
        self, *, limits: Limits | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.epoch = secrets.token_hex(8)
        self.cursor = 0
        self._limits = limits or Limits()
        self._now = now
        self._listeners: list[Listener] = []
        self._on_hole: list[HoleListener] = []
        self._running: dict[str, SessionHistory] = {}
        # In the order of their ends.
        self._ended: dict[str, SessionHistory] = {}
        self._ended_at: dict[str, float] = {}
        self._evicted_through = 0
        self._unseen_through = 0

    async def start(self) -> None:
        """Nothing to begin."""

    def follow(self, listener: Listener, on_hole: HoleListener | None = None) -> None:
        """Call back for every event from now on; there are no holes but those told to `skip`."""
        self._listeners.append(listener)
        if on_hole is not None:
            self._on_hole.append(on_hole)

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

    def keep(self, envelope: Envelope, *, age_s: float = 0.0) -> bool:
        """Keep an event that was numbered elsewhere, and tell of it; a number ends a jump, too.

        Args:
            envelope: numbered above all before.
            age_s: for how long it has been said.

        Returns:
            Whether its session had not said it yet.
        """
        self.cursor = max(self.cursor, envelope.cursor)
        history = self._open(envelope.session)
        if envelope.event.seq <= history.last_seq:
            return False
        self._keep(envelope, history, age_s)
        return True

    def keep_end(self, session: str, cursor: int, *, age_s: float = 0.0) -> None:
        """Count a session among the ended ones as of a number that was given elsewhere."""
        self.cursor = max(self.cursor, cursor)
        self._end(session, age_s)

    def skip(self, through: int, *, told: bool = True) -> None:
        """Note that there are events up to a number which nobody here has seen.

        Args:
            through: the number.
            told: whether listeners waited for them.
        """
        self._unseen_through = max(self._unseen_through, through)
        self.cursor = max(self.cursor, through)
        for on_hole in self._on_hole if told else ():
            on_hole()

    def begin_anew(self) -> None:
        """Forget everything, as another log takes this one's place."""
        self.cursor = self._evicted_through = self._unseen_through = 0
        for held in (self._running, self._ended, self._ended_at):
            held.clear()
        for on_hole in self._on_hole:
            on_hole()

    def names(self) -> dict[str, str | None]:
        """Whom each session that is held is about."""
        held = {**self._ended, **self._running}
        return {session: history.identity for session, history in held.items()}

    def held(self) -> set[int]:
        """Numbers of all events that are held."""
        histories = (*self._ended.values(), *self._running.values())
        return {cursor for history in histories for cursor in history.cursors()}

    def forget(self, sessions: Collection[str]) -> list[str]:
        """Let go of those of these sessions that ended; those that run stay.

        Returns:
            ids of those that are not held, now or before.
        """
        for session in self._ended.keys() & set(sessions):
            self._evict(session)
        return [session for session in sessions if session not in self._running]

    async def catch_up(self) -> None:
        """Nobody else appends."""

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
        self._keep(Envelope(cursor=self.cursor, identity=history.identity, event=event), history)

    def _keep(self, envelope: Envelope, history: SessionHistory, age_s: float = 0.0) -> None:
        history.identity = envelope.identity
        history.add(envelope)
        for listener in self._listeners:
            listener(envelope)
        if isinstance(envelope.event.payload, SessionEnded):
            self._end(envelope.session, age_s)

    def _end(self, session: str, age_s: float = 0.0) -> None:
        history = self._running.pop(session, None)
        if history is None:
            return
        self._ended[session] = history
        self._ended_at[session] = self._now() - age_s
        self._expire()
        self._make_room()

    def _lost(self, wanted: Filter, after: int, through: int) -> int | None:
        """How many wanted events of a stretch are no longer held; None: unknown."""
        if after < self._unseen_through:
            return None
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
        return self._evict(next(iter(self._ended)))

    def _evict(self, session: str) -> int:
        history = self._ended.pop(session)
        del self._ended_at[session]
        self._evicted_through = max(self._evicted_through, history.last_cursor)
        return len(history)
