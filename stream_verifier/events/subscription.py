"""One subscriber's way through the events: first what it missed, then what happens."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from stream_verifier.events.envelope import Envelope, Filter
from stream_verifier.events.outbox import BoundedQueue, Entry


class Subscription:
    """Made by `Hub.subscribe`; used from the event loop only.

    Args:
        wanted: what to let through.
        cursor: after which event it starts.
        max_events: how many may wait beside the backlog.

    Attributes:
        lost: wanted events after that cursor that are no longer held; None if nobody knows.
        broken_off: whether it was ended since events were lost before they came to it.
    """

    def __init__(self, *, wanted: Filter, cursor: int, max_events: int) -> None:
        self.cursor = cursor
        self.lost: int | None = 0
        self.broken_off = False
        self._wanted = wanted
        self._backlog: deque[Envelope] = deque()
        self._queue: BoundedQueue[Envelope] = BoundedQueue(
            max_events=max_events, dispensable=_is_dispensable
        )

    @property
    def dropped(self) -> int:
        """Scores that were dropped because it was slow."""
        return self._queue.dropped

    @property
    def overflowed(self) -> bool:
        """Whether it was broken off, or too slow even for state changes: what waits comes yet."""
        return self._queue.overflowed

    @property
    def waiting(self) -> int:
        """How many events wait for it."""
        return len(self._backlog) + len(self._queue)

    def begin(self, backlog: Iterable[Envelope], *, lost: int | None) -> None:
        """Take what happened before it was there; called once, before the first `get`.

        Args:
            backlog: wanted events after its cursor. They are shared with the log, so that a long
                one costs a subscriber no more than a list.
            lost: how many more there were.
        """
        self._backlog.extend(backlog)
        self.lost = lost

    def offer(self, envelope: Envelope) -> None:
        """Queue an event if it is wanted."""
        if self._wanted.wants(envelope):
            self._queue.put(envelope)

    async def get(self) -> Entry[Envelope] | None:
        """The next event; None when no more comes. Safe to cancel."""
        if self._backlog:
            return Entry(self._backlog.popleft())
        return await self._queue.get()

    def break_off(self) -> None:
        """Give up on it as on one that is too slow: it may come back and be told of its loss."""
        self.broken_off = True
        self._queue.overflow()

    def close(self) -> None:
        """No more events will come; what waits is still handed out."""
        self._queue.close()


def _is_dispensable(envelope: Envelope) -> bool:
    return envelope.dispensable
