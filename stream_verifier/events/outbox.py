"""A subscriber's bounded queue: scores give way first, state changes never."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from stream_verifier.events.event import Event
from stream_verifier.events.kinds import is_dispensable

T = TypeVar("T")


@dataclass(slots=True)
class Entry(Generic[T]):
    """One item as it leaves the queue.

    Attributes:
        dropped: scores that were dropped right before it.
    """

    item: T
    dropped: int = 0


class BoundedQueue(Generic[T]):
    """Items on their way to one subscriber; used from the event loop only.

    When it is full, the oldest score makes room; when only state changes are left, the
    subscriber is too slow to be served and the queue closes, ``overflowed`` set.

    Args:
        max_events: how many may wait.
        dispensable: whether an item is a score.
    """

    def __init__(self, *, max_events: int, dispensable: Callable[[T], bool]) -> None:
        self.dropped = 0
        self.overflowed = False
        self._max_events = max_events
        self._dispensable = dispensable
        self._entries: deque[Entry[T]] = deque()
        self._dropped_last = 0
        self._closed = False
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, item: T) -> None:
        """Add an item; after `close` it is ignored."""
        if self._closed:
            return
        if len(self._entries) >= self._max_events and not self._make_room():
            self.overflow()
            return
        self._entries.append(Entry(item, self._dropped_last))
        self._dropped_last = 0
        self._changed.set()

    def overflow(self) -> None:
        """Close, as the subscriber cannot be served without a loss."""
        self.overflowed = True
        self.close()

    def close(self) -> None:
        """No more items will come; what waits is still handed out."""
        self._closed = True
        self._changed.set()

    def _make_room(self) -> bool:
        for index, entry in enumerate(self._entries):
            if self._dispensable(entry.item):
                del self._entries[index]
                self._note_drop(index, entry.dropped + 1)
                self.dropped += 1
                return True
        return False

    def _note_drop(self, index: int, count: int) -> None:
        """Let the item that follows the dropped one tell of it."""
        if index < len(self._entries):
            self._entries[index].dropped += count
        else:
            self._dropped_last += count

    async def get(self) -> Entry[T] | None:
        """The next item; None once the queue is closed and empty. Safe to cancel."""
        while not self._entries:
            if self._closed:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self._entries.popleft()

    async def __aiter__(self) -> AsyncIterator[T]:
        """Yield items in order until the queue is closed and empty."""
        while (entry := await self.get()) is not None:
            yield entry.item


class Outbox(BoundedQueue[Event]):
    """A session's events on their way to its own client.

    Args:
        max_events: how many may wait.
    """

    def __init__(self, *, max_events: int = 256) -> None:
        super().__init__(max_events=max_events, dispensable=_is_score)


def _is_score(event: Event) -> bool:
    return is_dispensable(event.payload)
