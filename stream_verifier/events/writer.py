"""Brings what sessions say into the event log, in order, however slow the log is.

A session never waits for the log: while that is slow or fails, events wait here, and are written
in batches as soon as it is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from stream_verifier.errors import StreamVerifierError
from stream_verifier.events.event import Event
from stream_verifier.events.kinds import is_dispensable
from stream_verifier.events.log import EventLog
from stream_verifier.events.watermark import Watermark

_logger = logging.getLogger(__name__)
_BATCH = 256
_FIRST_RETRY_S = 0.05
_LONGEST_RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class _End:
    """A session failed without a last event."""

    session: str


class LogWriter:
    """The only one that appends to a log in this process; used from the event loop only.

    When more events wait than may, the oldest score gives way, or the oldest event where no score
    waits. Whoever follows is told that something is missing by ``on_loss``, once until all that
    waited is written.

    Args:
        log: where to.
        max_events: how many may wait.
        on_loss: told when something had to go.

    Attributes:
        lost: events that had to go.
        known_from: cursor from which on nothing is missing in the log; None while there is.
    """

    def __init__(self, log: EventLog, *, max_events: int, on_loss: Callable[[], None]) -> None:
        self.lost = 0
        self.known_from: int | None = 0
        self._log = log
        self._max_events = max_events
        self._on_loss = on_loss
        self._waiting: deque[Event | _End] = deque()
        self._in_flight = 0
        self._watermark = Watermark()
        self._behind = self._failing = False
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> list[Event]:
        """What is not known to be in the log yet, in order."""
        return [item for item in self._waiting if isinstance(item, Event)]

    @property
    def count(self) -> int:
        """How much waits."""
        return len(self._waiting)

    def put(self, event: Event) -> None:
        """Write an event after all that were put before."""
        self._put(event)

    def end(self, session: str) -> None:
        """End a session after all that was put before."""
        self._put(_End(session))

    async def flush(self) -> None:
        """Wait until all that was put is written."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def written(self, *, within_s: float) -> None:
        """Wait until all that was put so far is in the log, as long as that is worth it.

        A log that fails, or has kept somebody waiting in vain, is waited for no more until it takes
        something: whoever follows a call must not pay for it at every event.
        """
        if self._behind:
            return
        try:
            async with asyncio.timeout(within_s):
                await self._watermark.passed()
        except TimeoutError:
            self._fall_behind()

    async def stop(self) -> None:
        """Write no more of what waits."""
        if self._task is not None:
            self._task.cancel()
            await self.flush()

    def _put(self, item: Event | _End) -> None:
        if len(self._waiting) >= self._max_events:
            self._make_room()
        self._waiting.append(item)
        self._watermark.enter()
        if self._task is None:
            self._task = asyncio.create_task(self._write_all())

    def _make_room(self) -> None:
        """Let the oldest go that matters least; what is being written cannot be taken back."""
        free = [*islice(enumerate(self._waiting), self._in_flight, None)]
        events = [(at, item) for at, item in free if isinstance(item, Event)]
        if not events:
            return
        scores = (at for at, event in events if is_dispensable(event.payload))
        del self._waiting[next(scores, events[0][0])]
        self.lost += 1
        self._watermark.leave()
        if self.known_from is not None:
            self.known_from = None
            _logger.error("the event log is too slow: more than %d events wait", self._max_events)
            self._on_loss()

    async def _write_all(self) -> None:
        delay_s = _FIRST_RETRY_S
        try:
            while self._waiting:
                try:
                    await self._write_some()
                    delay_s = _FIRST_RETRY_S
                    if self._failing:
                        self._failing = False
                        _logger.warning("the event log takes events again")
                except Exception as error:
                    self._fall_behind()
                    self._tell_failure(error)
                    await asyncio.sleep(delay_s)
                    delay_s = min(2 * delay_s, _LONGEST_RETRY_S)
            if self.known_from is None:
                _logger.error("the event log is back; %d events are lost so far", self.lost)
                self.known_from = self._log.cursor
        finally:
            self._task = None

    async def _write_some(self) -> None:
        first = self._waiting[0]
        try:
            if isinstance(first, _End):
                self._in_flight = 1
                await self._log.end(first.session)
            else:
                batch = self._batch()
                self._in_flight = len(batch)
                await self._log.append(batch)
            for _ in range(self._in_flight):
                self._waiting.popleft()
            self._behind = False
            self._watermark.leave(self._in_flight)
        finally:
            self._in_flight = 0

    def _tell_failure(self, error: Exception) -> None:
        """Log it; what fails as it may is told once until the log takes something again."""
        if not isinstance(error, StreamVerifierError):
            _logger.exception("the event log failed; %d events wait", len(self._waiting))
        elif not self._failing:
            _logger.error("the event log takes nothing, and events wait: %s", error)
        self._failing = True

    def _fall_behind(self) -> None:
        self._behind = True
        self._watermark.wake()

    def _batch(self) -> list[Event]:
        """The next events up to a session's end."""
        batch: list[Event] = []
        for item in islice(self._waiting, _BATCH):
            if not isinstance(item, Event):
                break
            batch.append(item)
        return batch
