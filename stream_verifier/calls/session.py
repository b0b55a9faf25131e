"""One call: its inbox, pipeline and events, and its client's connection to it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from functools import partial

from stream_verifier.calls.asking import Asking
from stream_verifier.calls.challenges import CallChallenges
from stream_verifier.calls.connection import Connection, LostReason
from stream_verifier.calls.ending import UNHEARD, Ending, EndReason
from stream_verifier.calls.handover import Handover
from stream_verifier.calls.lifetime import LifeLimits
from stream_verifier.calls.past import Past
from stream_verifier.calls.pending_enrolment import PendingEnrolment
from stream_verifier.calls.places import Place
from stream_verifier.calls.scoring import Scoring
from stream_verifier.calls.summary import CallSummary
from stream_verifier.calls.tries import CallTries, Tries
from stream_verifier.errors import ResumeKeyError, StreamVerifierError
from stream_verifier.events.call_messages import GoingAway
from stream_verifier.events.event import Event
from stream_verifier.events.schema import (
    ChallengeResult,
    ConnectionLost,
    ConnectionResumed,
    EnrolmentProgress,
    ErrorRaised,
    MediaStarted,
    Payload,
    SessionEnded,
    StateChanged,
    Totals,
)
from stream_verifier.events.stamper import Stamper
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import Way
from stream_verifier.verify.engine import Engine
from stream_verifier.verify.enrol_pipeline import EnrolPipeline
from stream_verifier.verify.pipeline import VerifyPipeline

_logger = logging.getLogger(__name__)


class Session:
    """One call from its first media to its last event; made by `SessionRegistry.open`.

    It outlives the connection of its client: when that is lost, the session waits for another
    one. Media time runs on meanwhile, and the decision learns that somebody else may have come.

    Args:
        session_id: random, safe to log.
        resume_key: the secret that a resuming client must show.
        past: what was before, where another worker had it.
        identity: name of who is verified or enrolled.
        connection: the client's first connection.
        inbox: where its media goes, and that of every later one.
        pipeline: makes payloads of media.
        enrolling: what to store at the end, in an enrolment.
        resume_within_s: how long to wait for another connection; 0 ends with the first.
        place: what it takes, and of whom.
        followed: whether its client follows its events, over a socket.
        way: how its media comes.
        limits: how long it may last.
        tries: how often somebody else may be tried in that name.
        challenges: what the person may be asked for.
        on_event: gets every event.
        history: gives the events after one number and up to another, as far as they are held.
        adapted_from: the models that the reference was moved from.

    Attributes:
        moved: whether it goes on at another worker, which says all that is still to be said.
        summary: what its events so far amount to.
        asking: asks the person in it for something.
    """

    def __init__(  # noqa: PLR0913
        self,
        *,
        session_id: str,
        resume_key: str,
        identity: str,
        connection: Connection,
        inbox: MediaInbox,
        pipeline: VerifyPipeline | EnrolPipeline,
        enrolling: PendingEnrolment | None,
        resume_within_s: float,
        place: Place,
        followed: bool,
        limits: LifeLimits,
        tries: Tries,
        challenges: CallChallenges,
        on_event: Callable[[Event], None],
        history: Callable[[int, int], Awaitable[list[Event]]],
        past: Past | None = None,
        adapted_from: tuple[str, ...] = (),
        way: Way = "webrtc",
    ) -> None:
        self.id = session_id
        self.identity = identity
        self.inbox = inbox
        self.resume_key = resume_key
        self.moved = False
        self.resume_within_s = resume_within_s
        self.place = place
        self.adapted_from = adapted_from
        self._begun_by = followed, way
        self._limits = limits
        self._tries = CallTries(tries, place)
        self.past = past = past or Past(CallSummary(session=session_id))
        self.summary = past.summary
        self._pipeline = pipeline
        self.asking = Asking(
            challenges,
            pipeline if isinstance(pipeline, VerifyPipeline) else None,
            emit=self.emit,
            notify=self.notify,
            media_s=lambda: self._media_s,
            over=lambda: self.ending,
        )
        self._enrolling = enrolling
        self._on_event = on_event
        self._history = history
        self._stamper = Stamper(session_id, seq=past.seq, untold=past.untold)
        self._scoring = Scoring(session_id, self._deliver)
        self._ending = Ending(session_id=session_id, enrols=enrolling is not None)
        self._failed = False
        self._leaving: GoingAway | None = None
        self._media_came = past.seq > 0
        self._media_s = past.media_s
        self._handover = Handover(
            first=connection,
            resume_within_s=resume_within_s,
            on_lost=self._note_loss,
            on_resumed=self._note_return,
            on_failed=self.fail,
            on_gone=lambda: self.request_end("client_gone" if resume_within_s else "peer_closed"),
        )

    def enter(self, engine: Engine) -> None:
        """Take a place in the engine, with what media has come by now.

        Raises:
            CapacityError: it is stopping.
        """
        self._scoring.begin(engine, pipeline=self._pipeline, inbox=self.inbox)

    @property
    def connection(self) -> Connection:
        """The newest connection."""
        return self._handover.current

    @property
    def ending(self) -> bool:
        """Whether its end was asked for."""
        return self._ending.asked

    @property
    def enrols(self) -> bool:
        """Whether it is an enrolment."""
        return self._enrolling is not None

    def begun_by(self, *, socket: bool, way: Way = "webrtc") -> bool:
        """Whether it was begun like that: each way goes on with, and ends, what it began."""
        return self._begun_by == (socket, way)

    def notify(self) -> None:
        """Say that media waits in the inbox."""
        self._scoring.notify()

    def check_key(self, resume_key: str) -> None:
        """Compare in a time that tells nothing about the key.

        Raises:
            ResumeKeyError: it is another one.
        """
        if not secrets.compare_digest(resume_key.encode(), self.resume_key.encode()):
            _logger.warning("session %s: refused to resume with a wrong key", self.id)
            raise ResumeKeyError("That is not this session's resume key. Start a new session.")

    async def resume(self, connection: Connection, *, after: int) -> str:
        """Let another connection take over; the old one stays as it is if this one fails.

        Args:
            connection: the new connection; released if it cannot take over.
            after: number of the newest event that the client has.

        Raises:
            NegotiationError: the offer cannot be answered.
            UnknownSessionError: the session ended meanwhile.
        """
        answer = await self._handover.connect(
            connection, lambda: partial(self._history, after, self._stamper.seq)
        )
        if self._leaving is not None:
            self.tell_leaving(self._leaving)
        return answer

    def lose(self, connection: Connection, reason: LostReason) -> None:
        """Note that a connection is gone; wait for another one, where that is allowed."""
        self._handover.lose(connection, reason)

    def tell_leaving(self, notice: GoingAway) -> None:
        """Tell its client, and whoever comes back meanwhile, that the server is about to stop."""
        self._leaving = notice
        if not self.connection.leaving.done():
            self.connection.leaving.set_result(notice)

    def leave(self, connection: Connection) -> None:
        """End at once, because the client said goodbye over its newest connection."""
        if connection is self.connection:
            self.request_end("client_gone")

    def request_end(self, reason: EndReason) -> None:
        """Ask the session to end; the first reason counts."""
        self._ending.ask(reason)
        self._handover.retire()

    def withdraw(self, reason: EndReason) -> None:
        """End because the person is enrolled no more, or anew: nothing of the old is kept."""
        if self.enrols and reason == "identity_replaced":
            return  # by itself, or by another one, which its own end will tell
        self.request_end(reason)
        if isinstance(self._pipeline, VerifyPipeline):
            self._pipeline.forget()

    def go_on(self) -> None:
        """Say that its client is back, here, and that it is trusted no more than at the start."""
        self._tell_resumed(self.past.away_s)
        for payload in self.past.first_words():
            self.emit(payload)

    def let_go(self) -> None:
        """End without a word, because another worker goes on with it."""
        self.moved = True
        self.request_end("moved")

    def fail(self, error: StreamVerifierError) -> None:
        """Tell the client what it did wrong and end."""
        self.emit(ErrorRaised(media_s=self._media_s, code=error.code, message=error.told))
        self.request_end("error")

    def emit(self, payload: Payload) -> None:
        """Number, date and hand out one event."""
        if self.moved:
            return
        self._media_s = max(self._media_s, payload.media_s)
        event = self._stamper.stamp(payload)
        self.summary = self.summary.after(event)
        self._on_event(event)
        self.connection.outbox.put(event)
        if self.connection.outbox.overflowed:
            self.request_end("client_gone")
        if self._tries.note(payload):
            self.request_end("too_many_people")
        if isinstance(self._pipeline, VerifyPipeline):
            self._pipeline.guard(self._tries.guarded)
        self._media_came |= isinstance(payload, MediaStarted)
        if isinstance(payload, StateChanged):
            _logger.info("session %s is %s", self.id, payload.state)

    async def run(self) -> None:
        """Run until the call ends, then emit the last events and release everything."""
        self._handover.watch()
        lasting = asyncio.create_task(self._last())
        try:
            reason = await self._wind_up(await self._ending.reason())
        finally:
            lasting.cancel()
            await self.release()
        if reason != "moved":
            self.emit(SessionEnded(media_s=self._media_s, reason=reason, totals=self._totals()))
        self.connection.outbox.close()
        _logger.info("session %s ended: %s", self.id, reason)

    async def _last(self) -> None:
        """End the session when it has lasted for too long, or given nothing for too long."""
        reason = await self._limits.reached(
            silent_s=lambda: self.connection.away_s(), media_came=lambda: self._media_came
        )
        self.request_end(reason)

    def _note_loss(self, reason: LostReason) -> None:
        _logger.info("session %s lost its connection: %s", self.id, reason)
        self.emit(ConnectionLost(media_s=self._media_s, reason=reason))

    def _note_return(self, away_s: float) -> None:
        _logger.info("session %s resumed after %.1f s", self.id, away_s)
        self._tell_resumed(away_s)

    def _tell_resumed(self, away_s: float) -> None:
        origin = self.connection.origin
        self.emit(ConnectionResumed(media_s=self._media_s, away_s=away_s, origin=origin))

    async def _wind_up(self, reason: EndReason) -> EndReason:
        """Score what is left and, in an enrolment, store the reference."""
        if reason in UNHEARD or not self._scoring.begun:
            return reason
        self._scoring.finish()
        try:
            await self._ending.catch_up()
            if self._failed:
                return "error"
            if self._enrolling is not None and isinstance(self._pipeline, EnrolPipeline):
                self.emit(await self._enrolling.save(self._pipeline, self._media_s))
        except StreamVerifierError as error:
            self._tries.note_failure(error)
            self.fail(error)
            return "error"
        return reason

    async def release(self) -> None:
        """Let go of everything; all that there is to do of a session that never ran."""
        self._scoring.cancel()
        await self._handover.close()

    def _totals(self) -> Totals:
        stats = self.inbox.stats
        return Totals(
            windows=self._pipeline.windows,
            video_frames_dropped=stats.video_frames_dropped,
            audio_overrun_s=stats.audio_overrun_s,
        )

    def _deliver(self, payloads: list[Payload], last: bool) -> None:
        for payload in payloads:
            if isinstance(payload, ChallengeResult) and not self.asking.closes(payload):
                continue
            self.emit(payload)
            self.asking.follow(payload)
            if isinstance(payload, ErrorRaised):
                self._failed = True
                self.request_end("error")
            elif isinstance(payload, EnrolmentProgress) and payload.complete:
                self.request_end("complete")
        if isinstance(self._pipeline, VerifyPipeline) and self._pipeline.too_many_people:
            self.request_end("too_many_people")
        if last:
            self._ending.all_scored()
