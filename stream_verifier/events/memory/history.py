"""What one session has said so far, within bounds, and what had to go."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from operator import attrgetter

from stream_verifier.events.envelope import Envelope, Filter
from stream_verifier.events.event import Event


class Gone:
    """Cursors of events that are no longer held, so that a loss can be told exactly.

    Args:
        max_cursors: how many are remembered; older ones make a loss unknown.
    """

    def __init__(self, *, max_cursors: int) -> None:
        self._cursors: deque[int] = deque()
        self._max_cursors = max_cursors
        self._forgotten = 0

    def add(self, cursor: int) -> None:
        """Remember one; they come in rising order."""
        self._cursors.append(cursor)
        if len(self._cursors) > self._max_cursors:
            self._forgotten = self._cursors.popleft()

    def between(self, after: int, through: int) -> int | None:
        """How many went that came above one cursor and up to another; None if forgotten."""
        if self._forgotten > after:
            return None
        return bisect_right(self._cursors, through) - bisect_right(self._cursors, after)


class SessionHistory:
    """The events of one session: the newest scores, and lasting events beside them.

    Args:
        max_scores: scores held at most; the oldest go.
        max_lasting: lasting events held at most, far beyond what a day's call makes.
    """

    def __init__(self, *, max_scores: int, max_lasting: int) -> None:
        self.identity: str | None = None
        self.last_cursor = self.last_seq = 0
        self._max_scores = max_scores
        self._max_lasting = max_lasting
        self._scores: deque[Envelope] = deque()
        self._lasting: deque[Envelope] = deque()
        self._gone: dict[str, Gone] = {}

    def __len__(self) -> int:
        return len(self._scores) + len(self._lasting)

    def add(self, envelope: Envelope) -> None:
        """Keep an event, at the price of the oldest of its kind where there are too many."""
        self.last_cursor, self.last_seq = envelope.cursor, envelope.event.seq
        if envelope.dispensable:
            self._append(self._scores, envelope, self._max_scores)
        else:
            self._append(self._lasting, envelope, self._max_lasting)

    def drop_scores(self) -> int:
        """Let go of all scores; return how many they were."""
        count = len(self._scores)
        while self._scores:
            self._drop_oldest(self._scores)
        return count

    def cursors(self) -> list[int]:
        """Numbers of all that is held; not in order."""
        return [item.cursor for item in (*self._scores, *self._lasting)]

    def between(self, after: int, through: int) -> list[Envelope]:
        """All that is held and came above one cursor and up to another; not in order."""
        held = (*self._scores, *self._lasting)
        if after == 0 and through >= self.last_cursor:
            return [*held]
        return [item for item in held if after < item.cursor <= through]

    def events_after(self, seq: int) -> list[Event]:
        """All that is held and has a higher number in its session, in order."""
        held = in_order([*self._scores, *self._lasting])
        return [item.event for item in held if item.event.seq > seq]

    def lost_between(self, after: int, through: int, wanted: Filter) -> int | None:
        """How many wanted events came above one cursor and up to another and are not held."""
        total = 0
        for event_type, gone in self._gone.items():
            if wanted.wants_type(event_type):
                count = gone.between(after, through)
                if count is None:
                    return None
                total += count
        return total

    def _append(self, held: deque[Envelope], envelope: Envelope, most: int) -> None:
        held.append(envelope)
        if len(held) > most:
            self._drop_oldest(held)

    def _drop_oldest(self, held: deque[Envelope]) -> None:
        envelope = held.popleft()
        gone = self._gone.setdefault(envelope.type, Gone(max_cursors=1000))
        gone.add(envelope.cursor)


def in_order(envelopes: list[Envelope]) -> list[Envelope]:
    """By cursor: what is made of a few rising runs sorts in little more than a pass."""
    return sorted(envelopes, key=attrgetter("cursor"))
