"""The newest events of one session, for a client that comes back to it."""

from __future__ import annotations

from collections import deque
from typing import Any

_DISPENSABLE = frozenset({"score", "enrolment_progress"})


class RecentEvents:
    """Bounded: when it is full, the oldest score makes room, then the oldest event.

    Args:
        max_events: how many are kept.
    """

    def __init__(self, *, max_events: int = 512) -> None:
        self._max_events = max_events
        self._events: deque[dict[str, Any]] = deque()

    def put(self, event: dict[str, Any]) -> None:
        """Keep an event."""
        if len(self._events) >= self._max_events:
            scores = (i for i, old in enumerate(self._events) if old["type"] in _DISPENSABLE)
            del self._events[next(scores, 0)]
        self._events.append(event)

    def after(self, seq: int) -> list[dict[str, Any]]:
        """Return what is kept of the events after that number, in order."""
        return [event for event in self._events if event["seq"] > seq]
