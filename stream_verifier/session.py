"""A session: one peer connection, its inbox, its pipeline's place in the engine, its events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Literal

from stream_verifier.errors import StreamVerifierError
from stream_verifier.events.log import EventLog
from stream_verifier.events.outbox import Outbox
from stream_verifier.events.schema import (
    Enrolled,
    EnrolmentProgress,
    ErrorRaised,
    Payload,
    SessionEnded,
    StateChanged,
    Totals,
)
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.store import IdentityStore
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.peer import Peer
from stream_verifier.summary import CallSummary
from stream_verifier.verify.engine import Engine, Ticket
from stream_verifier.verify.pipeline import EnrolPipeline, VerifyPipeline

_logger = logging.getLogger(__name__)
# Well below the five seconds in which a stopped server must be gone.
_FINISH_TIMEOUT_S = 2.0

EndReason = Literal[
    "stopped",
    "peer_closed",
    "client_gone",
    "server_stopping",
    "error",
    "complete",
    "ended_by_admin",
]
_UNHEARD: frozenset[EndReason] = frozenset(
    {"client_gone", "server_stopping", "error", "ended_by_admin"}
)


class Enrolling:
    """What an enrolling session stores at its end."""

    def __init__(self, *, store: IdentityStore, name: str, consent: Consent, replace: bool) -> None:
        self._store = store
        self._name = name
        self._consent = consent
        self._replace = replace

    async def save(self, pipeline: EnrolPipeline, media_s: float) -> Enrolled:
        """Make the reference and store it.

        Raises:
            EnrolmentError: something is missing.
            StoreError, IdentityExistsError: it could not be stored.
        """
        reference = pipeline.reference()
        identity = await self._store.add(
            self._name, reference, self._consent, replace=self._replace
        )
        return Enrolled(
            media_s=media_s,
            identity=identity.name,
            id=identity.id,
            speech_s=identity.speech_s,
            faces=identity.face_count,
        )


class Session:
    """One call from its first media to its last event; made by `Sessions.open`.

    Attributes:
        id: random, safe to log.
        outbox: the session's events; iterate it until it ends.
        summary: what its events so far amount to.
    """

    def __init__(
        self,
        *,
        session_id: str,
        peer: Peer,
        inbox: MediaInbox,
        pipeline: VerifyPipeline | EnrolPipeline,
        enrolling: Enrolling | None,
        on_event: Callable[[dict[str, Any]], None],
    ) -> None:
        self.id = session_id
        self._on_event = on_event
        self.outbox = Outbox()
        self.summary = CallSummary(session=session_id)
        self._peer = peer
        self._inbox = inbox
        self._pipeline = pipeline
        self._enrolling = enrolling
        self._log = EventLog(session_id)
        self._loop = asyncio.get_running_loop()
        self._ending: asyncio.Future[EndReason] = self._loop.create_future()
        self._scored = asyncio.Event()
        self._media_s = 0.0
        self._ticket: Ticket | None = None

    def enter(self, engine: Engine) -> None:
        """Take a place in the engine.

        Raises:
            CapacityError: it is stopping.
        """
        self._ticket = engine.admit(
            pipeline=self._pipeline, inbox=self._inbox, deliver=self._deliver_from_worker
        )

    def notify(self) -> None:
        """Say that media waits in the inbox."""
        if self._ticket is not None:
            self._ticket.notify()

    async def answer(self, offer_sdp: str) -> str:
        """Answer the client's SDP offer.

        Raises:
            NegotiationError: it cannot be answered.
        """
        return await self._peer.answer(offer_sdp)

    def request_end(self, reason: EndReason) -> None:
        """Ask the session to end; the first reason counts."""
        if not self._ending.done():
            self._ending.set_result(reason)

    def fail(self, error: StreamVerifierError) -> None:
        """Tell the client what it did wrong and end."""
        self.emit(ErrorRaised(media_s=self._media_s, code=error.code, message=str(error)))
        self.request_end("error")

    def emit(self, payload: Payload) -> None:
        """Number, date and queue one event."""
        self._media_s = max(self._media_s, payload.media_s)
        event = self._log.stamp(payload)
        self.summary = self.summary.after(event)
        self._on_event(event)
        self.outbox.put(event)
        if self.outbox.overflowed:
            self.request_end("client_gone")
        if isinstance(payload, StateChanged):
            _logger.info("session %s is %s", self.id, payload.state)

    async def run(self) -> None:
        """Run until the call ends, then emit the last events and release everything."""
        watch = asyncio.create_task(self._watch_peer())
        try:
            reason = await asyncio.shield(self._ending)
            reason = await self._wind_up(reason)
        finally:
            watch.cancel()
            await self._release()
        self.emit(SessionEnded(media_s=self._media_s, reason=reason, totals=self._totals()))
        self.outbox.close()
        _logger.info("session %s ended: %s", self.id, reason)

    async def abandon(self) -> None:
        """Release everything of a session that never ran."""
        await self._release()

    async def _watch_peer(self) -> None:
        await self._peer.closed.wait()
        self.request_end("peer_closed")

    async def _wind_up(self, reason: EndReason) -> EndReason:
        """Score what is left and, in an enrolment, store the reference."""
        if reason in _UNHEARD or self._ticket is None:
            return reason
        self._ticket.finish()
        try:
            await asyncio.wait_for(self._scored.wait(), _FINISH_TIMEOUT_S)
            if self._enrolling is not None and isinstance(self._pipeline, EnrolPipeline):
                self.emit(await self._enrolling.save(self._pipeline, self._media_s))
        except TimeoutError:
            _logger.warning("session %s: scoring did not catch up at the end", self.id)
        except StreamVerifierError as error:
            self.fail(error)
            return "error"
        return reason

    async def _release(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
        await self._peer.close()

    def _totals(self) -> Totals:
        stats = self._inbox.stats
        return Totals(
            windows=self._pipeline.windows,
            video_frames_dropped=stats.video_frames_dropped,
            audio_overrun_s=stats.audio_overrun_s,
        )

    def _deliver_from_worker(self, payloads: list[Payload], last: bool) -> None:
        try:
            self._loop.call_soon_threadsafe(self._deliver, payloads, last)
        except RuntimeError:
            # The loop closed while the worker was in its last turn: nobody listens any more.
            _logger.debug("session %s: loop closed before delivery", self.id)

    def _deliver(self, payloads: list[Payload], last: bool) -> None:
        for payload in payloads:
            self.emit(payload)
            if isinstance(payload, ErrorRaised):
                self.request_end("error")
            elif isinstance(payload, EnrolmentProgress) and payload.complete:
                self.request_end("complete")
        if last:
            self._scored.set()
