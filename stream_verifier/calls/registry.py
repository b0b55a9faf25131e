"""Opens sessions, knows those that run, and ends them all."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial

from stream_verifier.access.actor import actor_of
from stream_verifier.access.grant import ANYBODY, Grant
from stream_verifier.audit.journal import Journal
from stream_verifier.calls.admission import Admission
from stream_verifier.calls.burial import calls_before
from stream_verifier.calls.capacity import Capacity
from stream_verifier.calls.challenges import ChallengeBook
from stream_verifier.calls.connection import Connection
from stream_verifier.calls.consents import Consents
from stream_verifier.calls.deeds import CallDeeds
from stream_verifier.calls.draining import Draining
from stream_verifier.calls.making import Beginning, SessionMaker
from stream_verifier.calls.memory import give_back_freed_memory
from stream_verifier.calls.neighbours import Alone, CallRecord, Neighbours
from stream_verifier.calls.past import Past
from stream_verifier.calls.places import Place, Places
from stream_verifier.calls.running import RunningCalls
from stream_verifier.calls.session import Session
from stream_verifier.calls.starting import Starter
from stream_verifier.calls.summary import CallSummary, EndedCalls, newest_first
from stream_verifier.calls.terms import refuse_weaker_point
from stream_verifier.calls.via import Via
from stream_verifier.calls.wishes import source_request
from stream_verifier.calls.withdrawal import Withdrawals
from stream_verifier.errors import AccessError, StoppingError
from stream_verifier.events.call_messages import Opening, Return
from stream_verifier.events.hub import Hub
from stream_verifier.events.schema import State
from stream_verifier.identities.identity import new_name, normalise_name
from stream_verifier.identities.store import IdentityStore
from stream_verifier.media.source import SourceFactory, SourceRequest
from stream_verifier.settings import Settings
from stream_verifier.verify.engine import Engine
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
        neighbours: other workers; none by default.

    Attributes:
        here: calls that run here.
        admission: whether one more finds a place.
        challenges: how those of all calls ended.
        draining: what happens before this worker stops.
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
        neighbours: Neighbours | None = None,
    ) -> None:
        self._hub = hub
        self._recogniser = recogniser
        self._make_source = make_source
        self._neighbours: Neighbours = neighbours or Alone()
        self.here = RunningCalls(self._ended)
        self.draining = Draining(self.here, self._neighbours)
        self._ended_calls = EndedCalls()
        self._deeds = CallDeeds(store, journal)
        self._consents = Consents(store, notice=timedelta(days=settings.consent_notice_days))
        self._withdrawals = Withdrawals(store, lambda: iter(self.here), self._consents.look_again)
        tries = self._neighbours.tries(most=settings.tries_per_token, told=settings.tries_told)
        places = Places(most=settings.max_calls, most_per_identity=settings.max_calls_per_identity)
        self.admission = Admission(self.here, places=places, tries=tries, capacity=capacity)
        self.challenges = ChallengeBook(most=settings.challenges_per_name)
        self._maker = SessionMaker(
            recogniser=recogniser,
            store=store,
            hub=hub,
            make_source=make_source,
            settings=settings,
            tries=tries,
            book=self.challenges,
        )
        self._starter = Starter(
            maker=self._maker,
            recogniser=recogniser,
            store=store,
            engine=engine,
            here=self.here,
            deeds=self._deeds,
            consents=self._consents,
            withdrawals=self._withdrawals,
            refuse_if_closing=self._refuse_if_closing,
        )
        self._closing = False

    @property
    def count(self) -> int:
        """Sessions that run now."""
        return len(self.here)

    @property
    def model_id(self) -> str:
        """Names the model that calls are scored by."""
        return self._recogniser.model_id

    def states(self) -> Counter[str]:
        """How many calls that run here are in which state; who enrols has a state of their own."""
        told = (session.summary for session in self.here)
        return Counter(
            "enrolling" if one.mode == "enrol" else one.state or State.WAITING for one in told
        )

    @property
    def room(self) -> int:
        """So many more may be opened now."""
        return self.admission.room

    @property
    def closing(self) -> bool:
        """Whether the server is stopping and opens no more."""
        return self.draining.begun or self._closing

    def calls(self) -> list[CallSummary]:
        """All calls that run, and those that ended and whose events are held, newest first."""
        ended = self._ended_calls.list(held=self._hub.sessions())
        here = [*ended, *(session.summary for session in self.here)]
        return newest_first(here, elsewhere=self._neighbours.calls())

    async def end(self, session_id: str) -> None:
        """End a call and wait until it has ended; nothing happens if none of that id runs.

        Raises:
            FleetError: another worker has it, and does not answer.
        """
        self.here.ask_to_end(session_id, "ended_by_admin")
        if not await self.here.wait(lambda session: session.id == session_id):
            await self._neighbours.end(session_id, "ended_by_admin")

    def runs(self, session_id: str) -> bool:
        """Whether that session runs here and does not end."""
        return self.here.get(session_id) is not None

    def find(self, session_id: str) -> Session:
        """Return the session of that id.

        Raises:
            UnknownSessionError: none runs here.
        """
        return self.here.find(session_id)

    async def resume(self, message: Return) -> tuple[Session, str]:
        """Let a client go on with its session; return it with the SDP answer.

        Raises:
            UnknownSessionError: it does not run any more.
            ResumeKeyError: the client does not know its secret.
            NegotiationError: the offer cannot be answered.
        """
        session = self.find(message.session)
        session.check_key(message.resume_key)
        request = source_request(session.id, message)
        connection = Connection(source=self._make_source(request, session.inbox))
        answer = await session.resume(connection, after=message.after)
        return session, answer

    def check_point(self, start: Opening, grant: Grant) -> None:
        """See whether a call may have its operating point, before there is one.

        Raises:
            ForbiddenError: it is weaker than the server's, and the token does not name it.
            SettingsError: there is no such one.
        """
        refuse_weaker_point(start, grant, self._recogniser)

    async def fetch_anew(self, session: Session, via: Via) -> None:
        """Go on with a call whose media this server fetches, by another way; trust begins anew.

        Raises:
            UnknownSessionError: it does not run any more.
            MediaError, RoomError: no media is to be had.
        """
        source = via.make_source(SourceRequest(session=session.id, offer=""), session.inbox)
        connection = Connection(source=source, origin=via.origin)
        await session.resume(connection, after=session.summary.seq)

    async def open(
        self,
        start: Opening,
        *,
        grant: Grant = ANYBODY,
        socket: bool = True,
        client: str = "",
        via: Via | None = None,
    ) -> tuple[Session, str]:
        """Open and run a session; return it with the SDP answer.

        Args:
            start: what the client wants.
            grant: what its token grants; the call belongs to it.
            socket: whether the client follows its events and may resume; a publisher that does
                not is gone as soon as its media stops.
            client: its address, for the audit trail.
            via: how its media is fetched, where nobody sends it here.

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
            return await self._open(start, grant, socket=socket, client=client, via=via)
        except AccessError as error:
            error.token_id, error.identity = grant.token_id, start.identity
            raise

    async def _open(
        self, start: Opening, grant: Grant, *, socket: bool, client: str, via: Via | None
    ) -> tuple[Session, str]:
        # One spelling, so that filters of feeds and bound tokens fit.
        spell = new_name if start.mode == "enrol" and not start.changes_enrolled else normalise_name
        start = start.model_copy(update={"identity": spell(start.identity)})
        beginning = Beginning(
            start=start,
            place=Place.of(grant, start.identity),
            actor=actor_of(grant, client),
            followed=socket,
            via=via,
        )
        self._refuse_if_closing()
        async with self.admission.place_for(beginning.place):
            refuse_weaker_point(start, grant, self._recogniser)
            await self.here.supersede(beginning.place)
            await self._neighbours.join(self._maker.record(beginning))
            try:
                return await self._starter.begin(beginning)
            except BaseException:
                self._neighbours.leave(beginning.session)
                raise

    async def take_over(
        self,
        record: CallRecord,
        message: Return,
        *,
        client: str,
        gone: bool = False,
        via: Via | None = None,
    ) -> tuple[Session, str]:
        """Go on with a call whose worker is gone or about to stop; trust begins anew.

        Args:
            record: what is known of it; its key has been compared.
            message: what its client says.
            client: its address, for the audit trail.
            gone: whether its worker is known to be gone, whatever its lease says.
            via: how its media is fetched, where nobody sends it here.

        Raises:
            UnknownSessionError: it cannot be gone on with.
            CapacityError, IdentityLockedError: as when a call is opened.
            UnknownIdentityError, StaleReferenceError, ConsentLapsedError: the identity.
            NegotiationError: the offer cannot be answered; the client may come again.
            StoreError, FleetError: something that is needed cannot be used.
        """
        beginning = Beginning.again(record, message, client=client, via=via)
        self._refuse_if_closing()
        async with self.admission.place_for(beginning.place):
            await self._neighbours.take_over(record.session, gone=gone)
            try:
                await self._hub.catch_up()
                events = await self._hub.history(record.session)
                past = Past.of(
                    record.session,
                    events,
                    now=datetime.now(UTC),
                    known_seq=message.after,
                    known_untold=message.untold,
                )
                beginning = dataclasses.replace(beginning, past=past)
                session, answer = await self._starter.begin(beginning)
            except BaseException:
                self._neighbours.leave(record.session, comes_back=True)
                raise
        session.connection.missed = partial(
            self._hub.history, record.session, message.after, past.seq
        )
        return session, answer

    def _refuse_if_closing(self) -> None:
        if self.closing:
            raise StoppingError

    async def recall(self) -> None:
        """Know the calls from before a restart, of which the log has the events."""
        known, now = await calls_before(self._hub), datetime.now(UTC)
        held = self._hub.sessions()
        for call in known:
            self._ended_calls.add(call, now, held=held)

    def note_buried(self, summary: CallSummary) -> None:
        """Note a call that ended with its worker, of which this one has said the last word."""
        self._deeds.bury(summary)

    async def let_go(self, session_id: str) -> None:
        """Leave a call to another worker: return once all that it said here is in the log."""
        session = self.here.get(session_id)
        if session is not None and not session.enrols:
            session.let_go()
            await self.here.wait(lambda one: one.id == session_id)
        await self._hub.flush()

    async def close(self) -> None:
        """End all sessions, open no more and wait until everything of theirs is released."""
        self._closing = True
        self._withdrawals.stop()
        for session in self.here:
            session.request_end("server_stopping")
        await self.here.wait()
        await self._hub.close()

    def _ended(self, session: Session, task: asyncio.Task[None]) -> None:
        self._consents.end(session.id)
        summary = session.summary
        if session.moved:
            summary = dataclasses.replace(summary, end_reason="moved")
        else:
            self._hub.end(session.id)
            self._neighbours.leave(session.id)
            self._ended_calls.add(summary, datetime.now(UTC), held=self._hub.sessions())
        self._deeds.end(summary, session.identity)
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("session %s failed", session.id, exc_info=error)
            session.connection.outbox.close()
        # Off the loop, in the pool that makes pipelines.
        asyncio.get_running_loop().run_in_executor(None, give_back_freed_memory)
