"""A call's place in the engine: scored on worker threads, told on the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from stream_verifier.events.schema import Payload
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.verify.engine import Engine, Ticket
from stream_verifier.verify.enrol_pipeline import EnrolPipeline
from stream_verifier.verify.pipeline import VerifyPipeline

_logger = logging.getLogger(__name__)


class Scoring:
    """Used from the event loop that it was made on; harmless before it has begun.

    Args:
        session_id: safe to log.
        deliver: gets payloads on that loop, and whether they are the last.
    """

    def __init__(self, session_id: str, deliver: Callable[[list[Payload], bool], None]) -> None:
        self._session_id = session_id
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._ticket: Ticket | None = None

    @property
    def begun(self) -> bool:
        """Whether it has a place in the engine."""
        return self._ticket is not None

    def begin(
        self, engine: Engine, *, pipeline: VerifyPipeline | EnrolPipeline, inbox: MediaInbox
    ) -> None:
        """Take a place in the engine, with what media has come by now.

        Args:
            engine: started.
            pipeline: makes payloads of media, on a worker's thread from now on.
            inbox: where media comes in.

        Raises:
            CapacityError: the engine is stopping.
        """
        self._ticket = engine.admit(pipeline=pipeline, inbox=inbox, deliver=self._from_worker)
        self._ticket.notify()

    def notify(self) -> None:
        """Say that media waits in the inbox."""
        if self._ticket is not None:
            self._ticket.notify()

    def finish(self) -> None:
        """Have all scored that has come; the last payloads say that they are."""
        if self._ticket is not None:
            self._ticket.finish()

    def cancel(self) -> None:
        """Give the place back, whatever is not scored."""
        if self._ticket is not None:
            self._ticket.cancel()

    def _from_worker(self, payloads: list[Payload], last: bool) -> None:
        try:
            self._loop.call_soon_threadsafe(self._deliver, payloads, last)
        except RuntimeError:
            # The loop closed while the worker was in its last turn: nobody listens any more.
            _logger.debug("session %s: loop closed before delivery", self._session_id)
