"""A subscriber's bounded queue: scores give way first, state changes never."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

_DISPENSABLE = frozenset({"score", "enrolment_progress"})


class Outbox:
    """Events on their way to one subscriber; used from the event loop only.

    When it is full, the oldest score makes room; when only state changes are left, the
    subscriber is too slow to be served and the box closes, ``overflowed`` set.

    Args:
        max_events: how many may wait.
    """

    def __init__(self, *, max_events: int = 256) -> None:
        self.dropped = 0
        self.overflowed = False
        self._max_events = max_events
        self._events: deque[dict[str, Any]] = deque()
        self._closed = False
        self._changed = asyncio.Event()

    def put(self, event: dict[str, Any]) -> None:
        """Add an event; after `close` it is ignored."""
        if self._closed:
            return
        if len(self._events) >= self._max_events and not self._make_room():
            self.overflowed = True
            self.close()
            return
        self._events.append(event)
        self._changed.set()

    def close(self) -> None:
        """No more events will come; what waits is still handed out."""
        self._closed = True
        self._changed.set()

    def _make_room(self) -> bool:
        for index, event in enumerate(self._events):
            if event["type"] in _DISPENSABLE:
                del self._events[index]
                self.dropped += 1
                return True
        return False

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        """Yield events in order until the box is closed and empty."""
        while True:
            while self._events:
                yield self._events.popleft()
            if self._closed:
                return
            self._changed.clear()
            await self._changed.wait()
