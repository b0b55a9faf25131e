"""Worker threads do the inference of all calls, off the event loop.

They share one schedule, and a call is on one of them at a time: its media waits in its bounded
inbox until the call's turn comes. How many there are depends on the machine (`processors`): where
inference and the loop saturate the cores, a further one gains nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from stream_verifier.errors import CapacityError
from stream_verifier.events.schema import ErrorRaised, Payload
from stream_verifier.media.types import OVERRUN, MediaGap, MediaItem
from stream_verifier.verify.load import Load, LoadMeter
from stream_verifier.verify.schedule import Schedule, ScheduleSettings, Turn, Waiting, Work

_logger = logging.getLogger(__name__)
_TICK_S = 1.0

STOPPING = "The server is stopping. Try again in a minute."
"""What a call is told that comes too late."""

Deliver = Callable[[list[Payload], bool], None]
"""Takes payloads and whether they are the last; called on the worker thread."""


class Pipeline(Protocol):
    """What the engine runs: media in, payloads out."""

    windows: int
    spared: int
    skipped: int

    @property
    def waiting(self) -> Waiting | None:
        """The window that waits to be scored, if any does."""
        ...

    def take(self, item: MediaItem) -> list[Payload]:
        """Take one media item in; return what happened because of it, but for the newest score."""
        ...

    def score(self, *, busy: bool = False) -> list[Payload]:
        """Score the window that waits, sparing what is not needed where others wait as well."""
        ...

    def skip(self) -> list[Payload]:
        """Leave the window that waits unscored, for want of time."""
        ...

    def tick(self, now_s: float) -> list[Payload]:
        """Say what time it is, on the engine's clock; all media that has come by then was taken."""
        ...

    def finish(self) -> list[Payload]:
        """Use up what is left at the end of the media."""
        ...


class Inbox(Protocol):
    """Where a call's media waits; thread-safe and bounded."""

    def drain(self, now_s: float | None = None) -> list[MediaItem]:
        """Take out all that waits and is fresh, oldest first."""
        ...


class Ticket:
    """One admitted call: its place among the others, made by `Engine.admit`.

    Attributes:
        unheard_s: sound that was dropped before its last turn, for want of time.
    """

    def __init__(
        self, *, engine: Engine, pipeline: Pipeline, inbox: Inbox, deliver: Deliver
    ) -> None:
        self._engine = engine
        self._pipeline = pipeline
        self._inbox = inbox
        self._deliver = deliver
        self._finishing = False
        self.unheard_s = 0.0

    def notify(self) -> None:
        """Say that the inbox has media; callable from any thread, cheap."""
        self._engine._media_waits(self)

    def finish(self) -> None:
        """Ask for the rest to be scored; the last delivery says so. Idempotent."""
        self._finishing = True
        self._engine._media_waits(self, hurry=True)

    def cancel(self) -> None:
        """Give the place back at once; nothing more is delivered."""
        self._engine._release(self)

    def _work(self, turn: Turn[Ticket], now_s: float) -> Waiting | None:
        """Do a turn's work; return the window that waits after it."""
        if turn.work is Work.HEAR:
            return self._hear(now_s)
        skips = turn.work is Work.SKIP
        self._tell(self._pipeline.skip() if skips else self._pipeline.score(busy=turn.busy))
        return None

    def _hear(self, now_s: float) -> Waiting | None:
        payloads: list[Payload] = []
        items = self._inbox.drain(now_s)
        self.unheard_s = sum(
            item.end_s - item.start_s
            for item in items
            if isinstance(item, MediaGap) and item.reason == OVERRUN
        )
        for item in items:
            payloads += self._pipeline.take(item)
        # In each turn, so that no stream of packets, however tiny, keeps time from passing.
        payloads += self._pipeline.tick(now_s)
        if not self._finishing:
            self._tell(payloads)
            return self._pipeline.waiting
        # Only a turn that found nothing may be the last: the inbox tells of media when it stops
        # being empty, not again for what came while this turn was at work.
        if items:
            self._tell(payloads)
            self._engine._media_waits(self, hurry=True)
            return self._pipeline.waiting
        self._engine._release(self)
        self._deliver(payloads + self._pipeline.finish(), True)
        return None

    def _tell(self, payloads: list[Payload]) -> None:
        if payloads:
            self._deliver(payloads, False)

    def _tick(self, now_s: float) -> None:
        self._tell(self._pipeline.tick(now_s))

    def _fail(self) -> None:
        """End this call for the error that is being handled: it must not stop the others."""
        _logger.exception("a pipeline failed")  # the traceback holds no media
        message = "Scoring failed on the server; its log says why. Start a new session."
        error = ErrorRaised(media_s=0.0, code="internal_error", message=message)
        self._engine._release(self)
        self._deliver([error], True)


class Engine:
    """Runs the pipelines of all calls on its workers; how many calls is not its business.

    Whose turn it is, and for what, is the `Schedule`'s: media is taken in soon, and of the windows
    that it completes those are scored that there is time for while they are fresh.

    Args:
        clock: monotonic seconds; a parameter so that tests need not wait.
        settings: of the schedule; defaults where None.
        workers: threads.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        settings: ScheduleSettings | None = None,
        workers: int = 1,
    ) -> None:
        self._clock = clock
        self._schedule: Schedule[Ticket] = Schedule(settings)
        self._meter = LoadMeter()
        self._changed = threading.Condition()
        self._stopping = False
        self._checked_s = clock()
        self._workers = workers
        self._threads: list[threading.Thread] = []

    @property
    def calls(self) -> int:
        """Calls admitted now."""
        return len(self._schedule)

    @property
    def load(self) -> Load:
        """What was done so far."""
        return self._meter.load

    def start(self) -> None:
        """Start the worker threads."""
        self._threads = [
            threading.Thread(target=self._run, name="inference", daemon=True)
            for _ in range(self._workers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the turns in work end, drop the rest and join the threads."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def admit(self, *, pipeline: Pipeline, inbox: Inbox, deliver: Deliver) -> Ticket:
        """Give a call its place.

        Raises:
            CapacityError: the engine stops.
        """
        with self._changed:
            if self._stopping:
                raise CapacityError(STOPPING)
            ticket = Ticket(engine=self, pipeline=pipeline, inbox=inbox, deliver=deliver)
            self._schedule.add(ticket, self._clock())
        return ticket

    def step(self) -> bool:
        """Do what is due next, on the calling thread; whoever does not `start` the engine may.

        Returns:
            Whether anything was due.
        """
        now_s = self._clock()
        with self._changed:
            turn = self._schedule.next(now_s)
        if turn is not None:
            self._serve(turn)
        self._tick(self._clock())
        return turn is not None

    def _media_waits(self, ticket: Ticket, *, hurry: bool = False) -> None:
        with self._changed:
            self._schedule.media_waits(ticket, self._clock(), hurry=hurry)
            self._changed.notify()

    def _release(self, ticket: Ticket) -> None:
        with self._changed:
            self._schedule.remove(ticket)

    def _run(self) -> None:
        while not self._stopping:
            if not self.step():
                self._wait()

    def _wait(self) -> None:
        """Until something is due, or it is time to look for idle calls."""
        with self._changed:
            due_s = self._schedule.due_in_s(self._clock())
            if due_s != 0.0 and not self._stopping:
                self._changed.wait(_TICK_S if due_s is None else min(due_s, _TICK_S))

    def _serve(self, turn: Turn[Ticket]) -> None:
        ticket, began_s = turn.call, self._clock()
        spared, skipped = ticket._pipeline.spared, ticket._pipeline.skipped
        try:
            waiting = ticket._work(turn, began_s)
        except Exception:
            ticket._fail()
            return
        now_s = self._clock()
        cost_s = now_s - began_s
        with self._changed:
            if turn.work is Work.HEAR:
                late = began_s - turn.since_s >= self._schedule.dropped_soon_s
                self._meter.heard(cost_s, unheard_s=ticket.unheard_s, late=late)
            elif turn.work is Work.SCORE:
                lag_s = now_s - turn.since_s
                self._meter.scored(cost_s, lag_s=lag_s, spared=ticket._pipeline.spared > spared)
            self._meter.skipped(ticket._pipeline.skipped - skipped)
            self._schedule.window_waits(ticket, waiting)
            self._schedule.done(turn, now_s, cost_s)
            self._changed.notify()

    def _tick(self, now_s: float) -> None:
        """Tell the calls without media what time it is, once in a while."""
        with self._changed:
            if now_s - self._checked_s < _TICK_S:
                return
            self._checked_s = now_s
            idle = self._schedule.take_idle()
        for ticket in idle:
            try:
                ticket._tick(now_s)
            except Exception:
                ticket._fail()
            with self._changed:
                self._schedule.rest(ticket)
                self._changed.notify()
