"""A session: one peer connection, its inbox, its pipeline's place in the engine, its events."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from typing import Literal

from stream_verifier.errors import (
    CapacityError,
    IdentityExistsError,
    StreamVerifierError,
    UnknownIdentityError,
)
from stream_verifier.events.log import EventLog
from stream_verifier.events.messages import Start
from stream_verifier.events.outbox import Outbox
from stream_verifier.events.schema import (
    Enrolled,
    EnrolmentProgress,
    ErrorRaised,
    Payload,
    SessionEnded,
    SessionStarted,
    StateChanged,
    Totals,
)
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.store import IdentityStore
from stream_verifier.media.ice import local_addresses
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.peer import Peer
from stream_verifier.services import Recogniser
from stream_verifier.settings import Settings, is_loopback
from stream_verifier.verify.engine import Engine, Ticket
from stream_verifier.verify.pipeline import EnrolPipeline, VerifyPipeline

_logger = logging.getLogger(__name__)
# Well below the five seconds in which a stopped server must be gone.
_FINISH_TIMEOUT_S = 2.0

EndReason = Literal["stopped", "peer_closed", "client_gone", "server_stopping", "error", "complete"]
_UNHEARD: frozenset[EndReason] = frozenset({"client_gone", "server_stopping", "error"})


def host_addresses(settings: Settings) -> tuple[str, ...] | None:
    """The local addresses offered to peers; None leaves the choice to aioice.

    A server on loopback offers loopback too, so that a call from this machine needs no network.
    """
    if settings.ice_host_addresses or not is_loopback(settings.host):
        return settings.ice_host_addresses or None
    return ("127.0.0.1", *local_addresses())


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
    """

    def __init__(
        self,
        *,
        session_id: str,
        peer: Peer,
        inbox: MediaInbox,
        pipeline: VerifyPipeline | EnrolPipeline,
        enrolling: Enrolling | None,
    ) -> None:
        self.id = session_id
        self.outbox = Outbox()
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
            CapacityError: there is none.
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
        self.outbox.put(self._log.stamp(payload))
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


class Sessions:
    """Opens sessions and knows those that run.

    Args:
        recogniser: the loaded model.
        store: who is enrolled.
        engine: started by the caller.
        settings: ICE and limits.
    """

    def __init__(
        self,
        *,
        recogniser: Recogniser,
        store: IdentityStore,
        engine: Engine,
        settings: Settings,
    ) -> None:
        self._recogniser = recogniser
        self._store = store
        self._engine = engine
        self._settings = settings
        self._running: dict[asyncio.Task[None], Session] = {}
        self._opening = 0
        self._closing = False

    @property
    def count(self) -> int:
        """Sessions that run now."""
        return len(self._running)

    async def open(self, start: Start) -> tuple[Session, str]:
        """Open and run a session; return it with the SDP answer.

        Raises:
            CapacityError: the server is full.
            UnknownIdentityError, StaleReferenceError, IdentityExistsError: the identity.
            ConsentError: an enrolment without consent.
            NegotiationError: the offer cannot be answered.
        """
        if self._closing:
            raise CapacityError("The server is stopping. Try again in a minute.")
        # Counted before anything slow, so that a rush of callers cannot pass the limit together.
        if self.count + self._opening >= self._settings.max_calls:
            raise CapacityError(
                f"All {self._settings.max_calls} places for calls are taken. Try again later."
            )
        self._opening += 1
        try:
            session = await self._prepare(start)
            try:
                session.enter(self._engine)
                answer = await session.answer(start.sdp)
            except BaseException:
                await session.abandon()
                raise
        finally:
            self._opening -= 1
        session.emit(self._started(start))
        task = asyncio.create_task(session.run(), name=f"session-{session.id}")
        self._running[task] = session
        task.add_done_callback(self._ended)
        return session, answer

    async def close(self) -> None:
        """End all sessions, open no more and wait until everything of theirs is released."""
        self._closing = True
        for session in self._running.values():
            session.request_end("server_stopping")
        if self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        session = self._running.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("session %s failed", session.id, exc_info=error)
            session.outbox.close()

    async def _prepare(self, start: Start) -> Session:
        enrolling = await self._enrolling(start) if start.mode == "enrol" else None
        pipeline: VerifyPipeline | EnrolPipeline
        if enrolling is None:
            reference = await self._store.reference(
                start.identity, model_id=self._recogniser.model_id
            )
            pipeline = await asyncio.to_thread(
                self._recogniser.verify_pipeline, reference, now=time.monotonic
            )
        else:
            pipeline = await asyncio.to_thread(self._recogniser.enrol_pipeline)
        inbox = MediaInbox()
        peer = Peer(
            ice_servers=self._settings.ice_servers,
            host_addresses=host_addresses(self._settings),
            inbox=inbox,
            video_rate_hz=self._settings.face_rate_hz,
        )
        session = Session(
            session_id=uuid.uuid4().hex,
            peer=peer,
            inbox=inbox,
            pipeline=pipeline,
            enrolling=enrolling,
        )
        inbox.on_ready = session.notify
        return session

    async def _enrolling(self, start: Start) -> Enrolling:
        consent = start.consent_record()
        if not start.replace:
            await self._refuse_taken_name(start.identity)
        return Enrolling(
            store=self._store, name=start.identity, consent=consent, replace=start.replace
        )

    async def _refuse_taken_name(self, name: str) -> None:
        """Say so before the person has talked for ten seconds, not after."""
        try:
            await self._store.get(name)
        except UnknownIdentityError:
            return
        raise IdentityExistsError("That name is enrolled already: delete it first, or replace it.")

    def _started(self, start: Start) -> SessionStarted:
        verifying = start.mode == "verify"
        return SessionStarted(
            media_s=0.0,
            mode=start.mode,
            identity=start.identity,
            model=self._recogniser.model_id,
            comparator=self._recogniser.comparator.name,
            operating_point=self._recogniser.operating_point if verifying else None,
        )
