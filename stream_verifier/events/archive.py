"""The histories of all sessions: running ones whole, ended ones for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stream_verifier.events.envelope import Envelope, Filter
from stream_verifier.events.history import SessionHistory, in_order


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the past is kept.

    Attributes:
        scores: of one session.
        lasting: other events of one session: a guard against one that never ends, as even a
            state that changes every second takes hours to get there.
        ended_sessions: how many stay after their end.
        ended_events: how many events of ended sessions stay, in all.
        ended_for_s: for how long.
    """

    scores: int = 300
    lasting: int = 10_000
    ended_sessions: int = 200
    ended_events: int = 10_000
    ended_for_s: float = 24 * 3600.0


class Archive:
    """Finds and bounds histories.

    Args:
        limits: how much is kept.
        now: a monotonic clock in seconds.
    """

    def __init__(self, *, limits: Limits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._running: dict[str, SessionHistory] = {}
        # In the order of their ends.
        self._ended: dict[str, SessionHistory] = {}
        self._ended_at: dict[str, float] = {}
        self._evicted_through = 0

    def sessions(self) -> list[str]:
        """Ids of all that is held: ended sessions in the order of their ends, then running ones."""
        self._expire()
        return [*self._ended, *self._running]

    def find(self, session: str) -> SessionHistory | None:
        """A session's history, None if nothing of it is held."""
        self._expire()
        return self._running.get(session, self._ended.get(session))

    def open(self, session: str) -> SessionHistory:
        """The history to add to, made if the session is new."""
        history = self.find(session)
        if history is None:
            history = SessionHistory(
                max_scores=self._limits.scores, max_lasting=self._limits.lasting
            )
            self._running[session] = history
        return history

    def end(self, session: str) -> None:
        """Count a session among the ended ones, at the price of the oldest."""
        history = self._running.pop(session, None)
        if history is None:
            return
        self._ended[session] = history
        self._ended_at[session] = self._now()
        self._expire()
        self._make_room()

    def after(self, cursor: int, wanted: Filter) -> list[Envelope]:
        """All wanted events that are held and came after this cursor, in order."""
        self._expire()
        found: list[Envelope] = []
        for history in self._wanted(cursor, wanted):
            found += history.after(cursor)
        if wanted.types is not None:
            found = [envelope for envelope in found if envelope.type in wanted.types]
        return in_order(found)

    def lost_after(self, cursor: int, wanted: Filter) -> int | None:
        """How many wanted events came after this cursor and are no longer held; None: unknown."""
        self._expire()
        if cursor < self._evicted_through and not self._all_held(wanted.sessions):
            return None
        total = 0
        for history in self._wanted(cursor, wanted):
            lost = history.lost_after(cursor, wanted)
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
