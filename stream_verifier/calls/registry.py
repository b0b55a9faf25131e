"""Opens sessions, knows those that run, and ends them all."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from datetime import UTC, datetime, timedelta
from functools import partial

from stream_verifier.access.actor import actor_of
from stream_verifier.access.grant import ANYBODY, Grant
from stream_verifier.audit.deed import Actor
from stream_verifier.audit.journal import Journal
from stream_verifier.calls.capacity import Capacity
from stream_verifier.calls.connection import Connection
from stream_verifier.calls.consents import Consents
from stream_verifier.calls.deeds import CallDeeds
from stream_verifier.calls.lifetime import LifeLimits
from stream_verifier.calls.memory import give_back_freed_memory
from stream_verifier.calls.pending_enrolment import PendingEnrolment
from stream_verifier.calls.places import Place, Places
from stream_verifier.calls.session import Session
from stream_verifier.calls.summary import CallSummary, EndedCalls
from stream_verifier.calls.terms import refuse_weaker_point, session_started
from stream_verifier.calls.tries import Tries
from stream_verifier.calls.withdrawal import Withdrawals
from stream_verifier.errors import (
    AccessError,
    CapacityError,
    IdentityExistsError,
    StoppingError,
    UnknownIdentityError,
    UnknownSessionError,
)
from stream_verifier.events.call_messages import GoingAway, Resume, Start
from stream_verifier.events.hub import Hub
from stream_verifier.identities.identity import Identity, new_name, normalise_name
from stream_verifier.identities.opening import longest_consent
from stream_verifier.identities.store import IdentityStore
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import SourceFactory, SourceRequest
from stream_verifier.settings import Settings
from stream_verifier.verify.engine import Engine
from stream_verifier.verify.enrol_pipeline import EnrolPipeline
from stream_verifier.verify.pipeline import VerifyPipeline
from stream_verifier.verify.recogniser import Recogniser

_logger = logging.getLogger(__name__)


class SessionRegistry:
    """Opens sessions and knows those that run.

    Args:
        recogniser: the loaded model.
        store: who is enrolled.
        engine: started by the caller.
        hub: gets every event of every session.
        make_source: gives each call where its media comes from.
        settings: limits.
        journal: what the audit trail is owed; no call begins that it does not take.
        capacity: how many calls the machine has time for; None where nobody measures it.

    Attributes:
        refused: so many calls found no place.
    """

    def __init__(
        self,
        *,
        recogniser: Recogniser,
        store: IdentityStore,
        engine: Engine,
        hub: Hub,
        make_source: SourceFactory,
        settings: Settings,
        journal: Journal,
        capacity: Capacity | None = None,
    ) -> None:
        self.refused = 0
        self._capacity = capacity
        self._most = settings.max_calls
        self._hub = hub
        self._recogniser = recogniser
        self._store = store
        self._engine = engine
        self._make_source = make_source
        self._settings = settings
        self._running: dict[asyncio.Task[None], Session] = {}
        self._ended_calls = EndedCalls()
        self._opening: list[Place] = []
        self._deeds = CallDeeds(store, journal)
        self._consents = Consents(store, notice=timedelta(days=settings.consent_notice_days))
        self._withdrawals = Withdrawals(
            store, lambda: iter([*self._running.values()]), self._consents.look_again
        )
        self._places = Places(
            most=settings.max_calls, most_per_identity=settings.max_calls_per_identity
        )
        self._limits = LifeLimits(
            media_within_s=settings.media_within_s,
            silent_s=settings.silent_call_s,
            longest_s=settings.max_call_s,
        )
        self._tries = Tries(most=settings.tries_per_token, told=settings.tries_told)
        self._draining = self._closing = False

    @property
    def count(self) -> int:
        """Sessions that run now."""
        return len(self._running)

    @property
    def most(self) -> int:
        """So many may run at once, by what is allowed and by what fits now."""
        limits = [limit for limit in (self._most, self._fits()) if limit is not None]
        return min(limits, default=self.count + 1)

    @property
    def room(self) -> int:
        """So many more may be opened now."""
        return max(0, self.most - self.count - len(self._opening))

    @property
    def closing(self) -> bool:
        """Whether the server is stopping and opens no more."""
        return self._draining or self._closing

    def calls(self) -> list[CallSummary]:
        """All calls that run, and those that ended and whose events are held, newest first."""
        ended = self._ended_calls.list(held=self._hub.sessions())
        return [*ended, *(session.summary for session in self._running.values())][::-1]

    async def end(self, session_id: str) -> None:
        """End a call and wait until it has ended; nothing happens if none of that id runs."""
        for task, session in list(self._running.items()):
            if session.id == session_id:
                session.request_end("ended_by_admin")
                await asyncio.wait([task])

    def find(self, session_id: str) -> Session:
        """Return the session of that id.

        Raises:
            UnknownSessionError: none runs.
        """
        for session in self._running.values():
            if session.id == session_id and not session.ending:
                return session
        raise UnknownSessionError("No session of that id runs (any more). Start a new one.")

    async def resume(self, message: Resume) -> tuple[Session, str]:
        """Let a client go on with its session; return it with the SDP answer.

        Raises:
            UnknownSessionError: it does not run any more.
            ResumeKeyError: the client does not know its secret.
            NegotiationError: the offer cannot be answered.
        """
        session = self.find(message.session)
        session.check_key(message.resume_key)
        request = SourceRequest(session=session.id, offer=message.sdp)
        connection = Connection(source=self._make_source(request, session.inbox))
        answer = await session.resume(connection, after=message.after)
        return session, answer

    async def open(
        self, start: Start, *, grant: Grant = ANYBODY, socket: bool = True, client: str = ""
    ) -> tuple[Session, str]:
        """Open and run a session; return it with the SDP answer.

        Args:
            start: what the client wants.
            grant: what its token grants; the call belongs to it.
            socket: whether the client follows its events and may resume; a publisher that does
                not is gone as soon as its media stops.
            client: its address, for the audit trail.

        Raises:
            CapacityError: the server, or what that person or token may have of it, is full.
            IdentityLockedError: too many calls in that name were with somebody else.
            ForbiddenError: an operating point that the token does not reach down to.
            UnknownIdentityError, StaleReferenceError, IdentityExistsError: the identity.
            ConsentError: an enrolment without consent.
            ConsentLapsedError: the person's consent was withdrawn or has expired.
            NegotiationError: the offer cannot be answered.
            StoreError: store or audit trail cannot be used.
        """
        try:
            return await self._open(start, grant, socket=socket, client=client)
        except AccessError as error:
            error.token_id, error.identity = grant.token_id, start.identity
            raise

    async def _open(
        self, start: Start, grant: Grant, *, socket: bool, client: str
    ) -> tuple[Session, str]:
        if self.closing:
            raise StoppingError
        # One spelling, so that filters of feeds and bound tokens fit.
        spell = new_name if start.mode == "enrol" and not start.replace else normalise_name
        start = start.model_copy(update={"identity": spell(start.identity)})
        # Counted before anything slow, so that a rush of callers cannot pass the limit together.
        place = Place.of(grant, start.identity)
        running = [session.place for session in self._running.values() if not session.ending]
        try:
            self._places.refuse_if_full(place, [*running, *self._opening], fits=self._fits())
        except CapacityError:
            self.refused += 1
            raise
        self._tries.refuse_if_spent(place)
        refuse_weaker_point(start, grant, self._recogniser)
        self._opening.append(place)
        try:
            await self._supersede(place)
            with self._withdrawals.opening():
                actor = actor_of(grant, client)
                session, answer = await self._begin(start, place, actor, socket=socket)
        finally:
            self._opening.remove(place)
        return session, answer

    def _fits(self) -> int | None:
        if self._capacity is None:
            return None
        return self.count + self._capacity.room(self.count)

    async def _begin(
        self, start: Start, place: Place, actor: Actor, *, socket: bool
    ) -> tuple[Session, str]:
        verifies = start.mode == "verify"
        consent = (await self._store.get(start.identity)).consent if verifies else None
        session = await self._prepare(start, place, actor, socket=socket)
        try:
            session.enter(self._engine)
            answer = await session.connection.source.start()
            self._withdrawals.refuse_if_changed(start.identity)
            await self._deeds.begin(session.id, start, actor)
            if self.closing:  # begun while this one was being opened
                raise StoppingError
            self._withdrawals.refuse_if_changed(start.identity)
        except BaseException:
            self._deeds.end(session.summary, session.identity)
            await session.abandon()
            raise
        session.emit(session_started(start, self._recogniser))
        if consent is not None:
            self._consents.begin(session, consent)
        task = asyncio.create_task(session.run(), name=f"session-{session.id}")
        self._running[task] = session
        task.add_done_callback(self._ended)
        return session, answer

    async def _supersede(self, place: Place) -> None:
        """End the call that a bound token holds already, for its bearer opens another."""
        old = [task for task, one in self._running.items() if place.supersedes(one.place)]
        for task in old:
            self._running[task].request_end("superseded")
        if old:
            await asyncio.wait(old)

    async def drain(self, within_s: float) -> None:
        """Open no more, tell all calls that run, and wait until they have ended or time is up."""
        self._draining = True
        notice = GoingAway(ends_in_s=within_s, come_back_within_s=None)
        for session in self._running.values():
            session.tell_leaving(notice)
        _logger.info("draining: %d calls have %.0f s to end", self.count, within_s)
        deadline_s = asyncio.get_running_loop().time() + within_s
        # Those that were being opened when it began may still come to run, and are turned away.
        while self._running:
            left_s = deadline_s - asyncio.get_running_loop().time()
            if left_s <= 0:
                break
            await asyncio.wait(self._running, timeout=left_s)

    async def close(self) -> None:
        """End all sessions, open no more and wait until everything of theirs is released."""
        self._closing = True
        self._withdrawals.stop()
        for session in self._running.values():
            session.request_end("server_stopping")
        if self._running:
            await asyncio.gather(*self._running, return_exceptions=True)
        await self._hub.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        session = self._running.pop(task)
        self._hub.end(session.id)
        self._consents.end(session.id)
        self._deeds.end(session.summary, session.identity)
        self._ended_calls.add(session.summary, datetime.now(UTC), held=self._hub.sessions())
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("session %s failed", session.id, exc_info=error)
            session.connection.outbox.close()
        # Off the loop, in the pool that makes pipelines.
        asyncio.get_running_loop().run_in_executor(None, give_back_freed_memory)

    async def _prepare(self, start: Start, place: Place, actor: Actor, *, socket: bool) -> Session:
        enrolling = await self._enrolling(start, actor) if start.mode == "enrol" else None
        pipeline = await self._pipeline(start)
        session_id, inbox = uuid.uuid4().hex, MediaInbox()
        request = SourceRequest(session=session_id, offer=start.sdp, followed=socket)
        connection = Connection(source=self._make_source(request, inbox))
        if not socket:
            connection.outbox.close()
        session = Session(
            session_id=session_id,
            identity=start.identity,
            connection=connection,
            inbox=inbox,
            pipeline=pipeline,
            enrolling=enrolling,
            resume_within_s=self._settings.resume_within_s if socket else 0.0,
            place=place,
            followed=socket,
            limits=self._limits,
            tries=self._tries,
            on_event=self._hub.publish,
            history=partial(self._hub.history, session_id),
        )
        inbox.on_ready = session.notify
        return session

    async def _pipeline(self, start: Start) -> VerifyPipeline | EnrolPipeline:
        if start.mode == "enrol":
            return await asyncio.to_thread(self._recogniser.enrol_pipeline)
        reference = await self._store.reference(start.identity, model_id=self._recogniser.model_id)
        return await asyncio.to_thread(
            self._recogniser.verify_pipeline,
            reference,
            operating_point=start.operating_point,
            now=time.monotonic,
        )

    async def _enrolling(self, start: Start, actor: Actor) -> PendingEnrolment:
        consent = start.consent_record(longest=longest_consent(self._settings))
        old = await self._enrolled(start.identity)
        if old is not None and not start.replace:
            # Before the person has talked for ten seconds, not after.
            raise IdentityExistsError(
                "That name is enrolled already: delete it first, or replace it."
            )
        return PendingEnrolment(
            store=self._store,
            name=start.identity,
            consent=consent,
            replaces=old,
            by=actor,
        )

    async def _enrolled(self, name: str) -> Identity | None:
        try:
            return await self._store.get(name)
        except UnknownIdentityError:
            return None
