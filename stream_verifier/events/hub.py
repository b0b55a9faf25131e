"""The hub: hands the events of all sessions to those who follow, nobody waiting for anybody."""

from __future__ import annotations

import asyncio
import logging

from stream_verifier.errors import CapacityError, ProtocolError
from stream_verifier.events.envelope import Envelope, Filter, Position
from stream_verifier.events.event import Event
from stream_verifier.events.log import EventLog
from stream_verifier.events.memory.log import MemoryEventLog
from stream_verifier.events.subscription import Subscription
from stream_verifier.events.tally import Tally
from stream_verifier.events.writer import LogWriter

_logger = logging.getLogger(__name__)
_EVERYTHING = Filter()
# What a stopping server leaves to a slow log.
_LAST_WORDS_S = 2.0
# A call's own client waits no longer for a slow log before it is told something.
_WRITTEN_S = 1.0


class Hub:
    """One for all sessions of a server; used from the event loop only.

    Args:
        log: numbers and keeps events; one in memory by default. It is closed with the hub.
        max_subscribers: served at once.
        queue_events: how many events may wait for one subscriber.
        unwritten_events: how many may wait for a slow log.

    Attributes:
        tally: how often each kind of thing was published here.
    """

    def __init__(
        self,
        log: EventLog | None = None,
        *,
        max_subscribers: int = 256,
        queue_events: int = 512,
        unwritten_events: int = 10_000,
    ) -> None:
        self.tally = Tally()
        self._log: EventLog = log or MemoryEventLog()
        self._writer = LogWriter(self._log, max_events=unwritten_events, on_loss=self._drop_all)
        self._max_subscribers = max_subscribers
        self._queue_events = queue_events
        self._subscriptions: set[Subscription] = set()
        self._closed = False
        self._log.follow(self._offer, self._drop_all)

    @property
    def epoch(self) -> str:
        """Names the log's numbering; cursors of another one mean nothing here."""
        return self._log.epoch

    @property
    def cursor(self) -> int:
        """Number of the newest event that was handed on."""
        return self._log.cursor

    @property
    def subscribers(self) -> int:
        """How many are served now."""
        return len(self._subscriptions)

    @property
    def unwritten(self) -> int:
        """How many events wait for the log."""
        return self._writer.count

    @property
    def lost(self) -> int:
        """How many events the log did not take, as too many waited for it."""
        return self._writer.lost

    @property
    def log_failing(self) -> bool:
        """Whether the log tells events that it cannot keep as long as it should."""
        return self._log.failing

    @property
    def closed(self) -> bool:
        """Whether the server is stopping."""
        return self._closed

    def publish(self, event: Event) -> None:
        """Take an event of a session: it is written to the log, which tells all who follow."""
        self.tally.take(event)
        self._writer.put(event)

    def end(self, session: str) -> None:
        """Say that nothing more comes from a session; harmless when said twice."""
        self._writer.end(session)

    async def flush(self) -> None:
        """Wait until all that was published is in the log and was handed on."""
        await self._writer.flush()

    async def written(self) -> None:
        """Wait until all that was published is in the log, unless that is slow or fails.

        A call's own client is told an event after this: what it knows, a worker that goes on with
        its call and all who follow know too, whenever this one is killed.
        """
        await self._writer.written(within_s=_WRITTEN_S)

    async def catch_up(self) -> None:
        """Learn of all that was published anywhere before.

        Raises:
            NotReadyError: the log cannot be asked now.
        """
        await self._log.catch_up()

    def sessions(self) -> list[str]:
        """Ids of the sessions of which something is held, running ones last."""
        unwritten = (event.session for event in self._writer.waiting)
        return [*dict.fromkeys([*self._log.sessions(), *unwritten])]

    async def history(
        self, session: str, after_seq: int = 0, through_seq: int | None = None
    ) -> list[Event]:
        """The held events of a session, in order.

        Args:
            session: its id.
            after_seq: only those with a higher number.
            through_seq: only up to this number.
        """
        unwritten = [event for event in self._writer.waiting if event.session == session]
        held = await self._log.history(session, after_seq)
        events = {event.seq: event for event in (*unwritten, *held)}
        return [
            events[seq]
            for seq in sorted(events)
            if seq > after_seq and (through_seq is None or seq <= through_seq)
        ]

    async def subscribe(
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
            NotReadyError: the log cannot be asked whether it does.
        """
        self._refuse_if_full(limited=limited)
        if after is not None and after.epoch in (None, self.epoch) and after.cursor > self.cursor:
            # It came by a worker that is a moment ahead of this one.
            await self._log.catch_up()
        cursor, known = self._start(after)
        # What comes while the log reads is offered already; the log reads up to there.
        through = self.cursor
        subscription = Subscription(wanted=wanted, cursor=cursor, max_events=self._queue_events)
        self._subscriptions.add(subscription)
        try:
            past = await self._log.read(wanted, after=cursor, through=through)
        except BaseException:
            self.unsubscribe(subscription)
            raise
        subscription.begin(past.envelopes, lost=past.lost if known else None)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop following; harmless when said twice."""
        self._subscriptions.discard(subscription)

    async def close(self) -> None:
        """End every subscription once it has been handed what waits, and close the log."""
        self._closed = True
        try:
            async with asyncio.timeout(_LAST_WORDS_S):
                await self._writer.flush()
        except TimeoutError:
            await self._writer.stop()
            waiting = len(self._writer.waiting)
            _logger.error("the event log is too slow: %d events were not written", waiting)
        for subscription in self._subscriptions:
            subscription.close()
        await self._log.close()
        _logger.info("event hub closed at cursor %d", self.cursor)

    def _offer(self, envelope: Envelope) -> None:
        for subscription in self._subscriptions:
            subscription.offer(envelope)

    def _drop_all(self) -> None:
        for subscription in self._subscriptions:
            subscription.break_off()

    def _refuse_if_full(self, *, limited: bool) -> None:
        if self._closed:
            raise CapacityError("The server is stopping.")
        if limited and len(self._subscriptions) >= self._max_subscribers:
            raise CapacityError(
                f"All {self._max_subscribers} places for subscribers are taken. Try again later."
            )

    def _start(self, after: Position | None) -> tuple[int, bool]:
        """Where to start, and whether what lies before it is known."""
        known_from = self._writer.known_from
        if after is None:
            return self.cursor, known_from is not None
        if after.epoch not in (None, self.epoch):
            # Another log counted: nothing that this one says was received yet.
            return 0, False
        if after.cursor > self.cursor:
            raise ProtocolError(f"after.cursor is {after.cursor}, but events go to {self.cursor}.")
        return after.cursor, known_from is not None and after.cursor >= known_from
