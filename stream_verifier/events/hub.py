"""The hub: takes the events of all sessions, remembers them within bounds, hands them on."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from typing import Any

from stream_verifier.errors import CapacityError, ProtocolError
from stream_verifier.events.archive import Archive, Limits
from stream_verifier.events.envelope import Envelope, Filter, Position
from stream_verifier.events.subscription import Subscription

_logger = logging.getLogger(__name__)
_EVERYTHING = Filter()


class Hub:
    """One for all sessions of a server; used from the event loop only.

    Args:
        limits: how much of the past is kept.
        max_subscribers: served at once.
        queue_events: how many events may wait for one subscriber.
        now: a monotonic clock in seconds.

    Attributes:
        epoch: random name of this run; cursors of another run mean nothing here.
        cursor: number of the newest event.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        max_subscribers: int = 256,
        queue_events: int = 512,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.epoch = secrets.token_hex(8)
        self.cursor = 0
        self._archive = Archive(limits=limits or Limits(), now=now)
        self._max_subscribers = max_subscribers
        self._queue_events = queue_events
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    @property
    def subscribers(self) -> int:
        """How many are served now."""
        return len(self._subscriptions)

    @property
    def closed(self) -> bool:
        """Whether the server is stopping."""
        return self._closed

    def publish(self, event: dict[str, Any]) -> None:
        """Take a stamped event: number it, keep it, offer it to all who want it."""
        self.cursor += 1
        history = self._archive.open(event["session"])
        if event["type"] == "session_started":
            history.identity = event["identity"]
        envelope = Envelope.seal(event, cursor=self.cursor, identity=history.identity)
        history.add(envelope)
        for subscription in self._subscriptions:
            subscription.offer(envelope)
        if event["type"] == "session_ended":
            self.end(event["session"])

    def end(self, session: str) -> None:
        """Say that nothing more comes from a session; harmless when said twice."""
        self._archive.end(session)

    def sessions(self) -> list[str]:
        """Ids of the sessions of which something is held, running ones last."""
        return self._archive.sessions()

    def history(self, session: str, after_seq: int = 0) -> list[dict[str, Any]]:
        """The held events of a session with a higher number, in order; nobody may change them."""
        history = self._archive.find(session)
        return [] if history is None else history.events_after(after_seq)

    def subscribe(
        self,
        wanted: Filter = _EVERYTHING,
        *,
        after: Position | None = None,
        limited: bool = True,
    ) -> Subscription:
        """Follow events from now on, or from a position on.

        Args:
            wanted: what to follow.
            after: the last event that was received, if any was.
            limited: whether it counts against the most that are served at once.

        Raises:
            CapacityError: as many are served as may be, or the server is stopping.
            ProtocolError: the position lies in the future.
        """
        self._refuse_if_full(limited=limited)
        cursor, known = self._start(after)
        subscription = Subscription(
            wanted=wanted,
            cursor=cursor,
            backlog=self._archive.after(cursor, wanted),
            lost=self._archive.lost_after(cursor, wanted) if known else None,
            max_events=self._queue_events,
        )
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop following; harmless when said twice."""
        self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End every subscription once it has been handed what waits."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()
        _logger.info("event hub closed at cursor %d", self.cursor)

    def _refuse_if_full(self, *, limited: bool) -> None:
        if self._closed:
            raise CapacityError("The server is stopping.")
        if limited and len(self._subscriptions) >= self._max_subscribers:
            raise CapacityError(
                f"All {self._max_subscribers} places for subscribers are taken. Try again later."
            )

    def _start(self, after: Position | None) -> tuple[int, bool]:
        """Where to start, and whether what lies before it is known."""
        if after is None:
            return self.cursor, True
        if after.epoch not in (None, self.epoch):
            # The server was started anew: nothing that it says was received yet.
            return 0, False
        if after.cursor > self.cursor:
            raise ProtocolError(f"after.cursor is {after.cursor}, but events go to {self.cursor}.")
        return after.cursor, True
