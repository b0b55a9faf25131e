"""One worker thread does the inference of all calls, the most pressing first, off the event loop.

One thread, because a second one gains nothing where inference saturates the core, and because
it keeps the loop free: a call's media waits in its bounded inbox until the call's turn comes.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from stream_verifier.errors import CapacityError
from stream_verifier.events.schema import ErrorRaised, Payload
from stream_verifier.media.types import MediaItem

_logger = logging.getLogger(__name__)
_TICK_S = 1.0

STOPPING = "The server is stopping. Try again in a minute."
"""What a call is told that comes too late."""

Deliver = Callable[[list[Payload], bool], None]
"""Takes payloads and whether they are the last; called on the worker thread."""


class Pipeline(Protocol):
    """What the engine runs: media in, payloads out."""

    windows: int

    @property
    def patience_s(self) -> float:
        """How long media may wait before somebody misses its score."""
        ...

    def feed(self, item: MediaItem) -> list[Payload]:
        """Take one media item in; return what happened because of it."""
        ...

    def tick(self, now_s: float) -> list[Payload]:
        """Say what time it is, on the engine's clock; all media that has come by then was fed."""
        ...

    def finish(self) -> list[Payload]:
        """Use up what is left at the end of the media."""
        ...


class Inbox(Protocol):
    """Where a call's media waits; thread-safe and bounded."""

    def drain(self) -> list[MediaItem]:
        """Take out all that waits, oldest first."""
        ...


class Ticket:
    """One admitted call: its place in the round, made by `Engine.admit`."""

    def __init__(
        self, *, engine: Engine, pipeline: Pipeline, inbox: Inbox, deliver: Deliver
    ) -> None:
        self._engine = engine
        self._pipeline = pipeline
        self._inbox = inbox
        self._deliver = deliver
        self._taken: deque[MediaItem] = deque()
        self._finishing = False
        self.queued = False

    @property
    def patience_s(self) -> float:
        """How long this call's media may wait; nothing, once its end was asked for."""
        return 0.0 if self._finishing else self._pipeline.patience_s

    def notify(self) -> None:
        """Say that the inbox has media; callable from any thread, cheap."""
        self._engine._enqueue(self)

    def finish(self) -> None:
        """Ask for the rest to be scored; the last delivery says so. Idempotent."""
        self._finishing = True
        self._engine._enqueue(self)

    def cancel(self) -> None:
        """Give the place back at once; nothing more is delivered."""
        self._engine._release(self)

    def _turn(self, now_s: float) -> bool:
        """Work until something is worth delivering; return whether to come again soon."""
        if not self._taken:
            self._taken.extend(self._inbox.drain())
        # Only a turn that found nothing may be the last: the inbox tells of media when it stops
        # being empty, not again for what came while this turn was at work.
        worked = bool(self._taken)
        payloads: list[Payload] = []
        while self._taken and not payloads:
            payloads = self._pipeline.feed(self._taken.popleft())
        if not self._taken and not payloads:
            # Here too, so that no stream of packets, however tiny, keeps time from passing.
            payloads = self._pipeline.tick(now_s)
        last = self._finishing and not worked
        if last:
            payloads += self._pipeline.finish()
        if payloads or last:
            self._deliver(payloads, last)
        if last:
            self._engine._release(self)
        return worked

    def _tick(self, now_s: float) -> None:
        if payloads := self._pipeline.tick(now_s):
            self._deliver(payloads, False)

    def _fail(self) -> None:
        message = "Scoring failed on the server; its log says why. Start a new session."
        error = ErrorRaised(media_s=0.0, code="internal_error", message=message)
        self._engine._release(self)
        self._deliver([error], True)


class Engine:
    """Runs the pipelines of all calls on one thread; how many they may be is not its business.

    Earliest deadline first (Liu and Layland 1973): a turn is due when its media has waited for as
    long as the call's patience lasts. A call that is unsure goes before one that is long verified,
    and none waits for ever, since deadlines pass.

    Args:
        clock: monotonic seconds; a parameter so that tests need not wait.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tickets: set[Ticket] = set()
        self._round: list[tuple[float, int, Ticket]] = []
        self._turns = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    @property
    def calls(self) -> int:
        """Calls admitted now."""
        return len(self._tickets)

    def start(self) -> None:
        """Start the worker thread."""
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the turn in work end, drop the rest and join the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def admit(self, *, pipeline: Pipeline, inbox: Inbox, deliver: Deliver) -> Ticket:
        """Give a call its place.

        Raises:
            CapacityError: the engine stops.
        """
        with self._changed:
            if self._stopping:
                raise CapacityError(STOPPING)
            ticket = Ticket(engine=self, pipeline=pipeline, inbox=inbox, deliver=deliver)
            self._tickets.add(ticket)
        return ticket

    def _enqueue(self, ticket: Ticket) -> None:
        with self._changed:
            if ticket in self._tickets and not ticket.queued:
                ticket.queued = True
                due_s = self._clock() + ticket.patience_s
                heapq.heappush(self._round, (due_s, next(self._turns), ticket))
                self._changed.notify()

    def _release(self, ticket: Ticket) -> None:
        with self._changed:
            self._tickets.discard(ticket)

    def _next(self) -> Ticket | None:
        """The call whose turn it is; None when it is time to look for idle ones."""
        with self._changed:
            if not self._round and not self._stopping:
                self._changed.wait(_TICK_S)
            if not self._round:
                return None
            ticket = heapq.heappop(self._round)[-1]
            ticket.queued = False
            return ticket if ticket in self._tickets else None

    def _run(self) -> None:
        checked_s = self._clock()
        while not self._stopping:
            if (ticket := self._next()) is not None:
                self._serve(ticket)
            if self._clock() - checked_s >= _TICK_S:
                checked_s = self._clock()
                self._tick(checked_s)

    def _serve(self, ticket: Ticket) -> None:
        try:
            if ticket._turn(self._clock()):
                self._enqueue(ticket)
        except Exception:
            # A fault in one call must not stop the others; the traceback holds no media.
            _logger.exception("a pipeline failed")
            ticket._fail()

    def _tick(self, now_s: float) -> None:
        with self._changed:
            waiting = [ticket for ticket in self._tickets if not ticket.queued]
        for ticket in waiting:
            ticket._tick(now_s)
