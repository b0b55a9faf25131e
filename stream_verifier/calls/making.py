"""Makes sessions: looks the person up, makes a pipeline and where its media comes from."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import Self

from model.types import Reference
from stream_verifier.audit.deed import RESUMED, Actor, network_of
from stream_verifier.calls.cameras import signs_of
from stream_verifier.calls.challenges import CallChallenges, ChallengeBook
from stream_verifier.calls.connection import Connection
from stream_verifier.calls.lifetime import LifeLimits
from stream_verifier.calls.neighbours import GONE, CallRecord, hash_of
from stream_verifier.calls.past import Past
from stream_verifier.calls.pending_enrolment import WAY, PendingEnrolment
from stream_verifier.calls.places import Place
from stream_verifier.calls.session import Session
from stream_verifier.calls.tries import Tries
from stream_verifier.calls.via import Via
from stream_verifier.calls.wishes import source_request, started_again, way_of
from stream_verifier.errors import UnknownSessionError
from stream_verifier.events.call_messages import Opening, Return
from stream_verifier.events.hub import Hub
from stream_verifier.identities.destination import Destination, enrolled_as
from stream_verifier.identities.opening import longest_consent
from stream_verifier.identities.store import IdentityStore
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import SourceFactory
from stream_verifier.settings import Settings
from stream_verifier.verify.enrol_pipeline import EnrolPipeline
from stream_verifier.verify.pipeline import VerifyPipeline
from stream_verifier.verify.recogniser import Recogniser


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """A call that is about to begin, here.

    Attributes:
        start: what its client wants.
        place: what it takes, and of whom.
        actor: who opens it, for the audit trail.
        followed: whether its client has a socket.
        session: its id.
        resume_key: its secret.
        past: what was before, where another worker had it.
        via: how its media is fetched; None where its client sends it.
    """

    start: Opening
    place: Place
    actor: Actor
    followed: bool
    session: str = field(default_factory=lambda: uuid.uuid4().hex)
    resume_key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    past: Past | None = None
    via: Via | None = None

    @classmethod
    def again(
        cls, record: CallRecord, message: Return, *, client: str, via: Via | None = None
    ) -> Self:
        """A call that another worker had, as its client comes back to this one.

        Raises:
            UnknownSessionError: of its kind none can be gone on with.
        """
        if not record.movable:
            raise UnknownSessionError(GONE)
        return cls(
            start=started_again(record, message),
            place=record.place,
            actor=Actor(record.place.token_id, RESUMED, network_of(client)),
            followed=True,
            session=record.session,
            resume_key=message.resume_key,
            via=via,
        )

    def waits_s(self, resume_within_s: float) -> float:
        """How long it waits for a client that was lost.

        Args:
            resume_within_s: where its client sends its media itself.
        """
        if self.via is not None:
            return self.via.waits_s
        return resume_within_s if self.followed else 0.0

    def record(self, *, resume_within_s: float) -> CallRecord:
        """What other workers have to know of it."""
        return CallRecord(
            session=self.session,
            mode=self.start.mode,
            challenges=self.start.challenges,
            operating_point=self.start.operating_point,
            place=self.place,
            key_hash=hash_of(self.resume_key),
            followed=self.followed,
            resume_within_s=self.waits_s(resume_within_s),
            way=way_of(self.start),
        )


class SessionMaker:
    """Makes sessions of beginnings.

    Args:
        recogniser: the loaded model.
        store: who is enrolled.
        hub: gets every event of every session.
        make_source: gives each call where its media comes from.
        settings: limits.
        tries: how often somebody else may be tried in a name.
        book: how challenges ended.
    """

    def __init__(
        self,
        *,
        recogniser: Recogniser,
        store: IdentityStore,
        hub: Hub,
        make_source: SourceFactory,
        settings: Settings,
        tries: Tries,
        book: ChallengeBook,
    ) -> None:
        self._recogniser = recogniser
        self._store = store
        self._hub = hub
        self._make_source = make_source
        self._settings = settings
        self._tries = tries
        self._book = book
        self._limits = LifeLimits(
            media_within_s=settings.media_within_s,
            silent_s=settings.silent_call_s,
            longest_s=settings.max_call_s,
        )

    async def make(self, beginning: Beginning) -> Session:
        """Make a session that has no place in the engine yet, and whose source is not started.

        Raises:
            UnknownIdentityError, StaleReferenceError, IdentityExistsError: the identity.
            ConsentError: an enrolment without consent.
            StoreError: the store cannot be used.
        """
        start, followed, via = beginning.start, beginning.followed, beginning.via
        enrolling = await self._enrolling(start, beginning.actor) if start.mode == "enrol" else None
        inbox = MediaInbox()
        reference = None if start.mode == "enrol" else await self._reference(start.identity)
        pipeline = await self._pipeline(start, inbox, reference)
        request = source_request(beginning.session, start, followed=followed)
        make_source = self._make_source if via is None else via.make_source
        connection = Connection(
            source=make_source(request, inbox), origin=None if via is None else via.origin
        )
        if not followed:
            connection.outbox.close()
        session = Session(
            session_id=beginning.session,
            resume_key=beginning.resume_key,
            past=beginning.past,
            identity=start.identity,
            connection=connection,
            inbox=inbox,
            pipeline=pipeline,
            enrolling=enrolling,
            resume_within_s=beginning.waits_s(self._settings.resume_within_s),
            place=beginning.place,
            followed=followed,
            way=way_of(start),
            limits=self._limits,
            tries=self._tries,
            adapted_from=() if reference is None else reference.adapted_from,
            challenges=self._challenges(beginning, pipeline),
            on_event=self._hub.publish,
            history=partial(self._hub.history, beginning.session),
        )
        inbox.on_ready = session.notify
        return session

    def record(self, beginning: Beginning) -> CallRecord:
        """What other workers have to know of a session of that beginning."""
        return beginning.record(resume_within_s=self._settings.resume_within_s)

    def _challenges(
        self, beginning: Beginning, pipeline: VerifyPipeline | EnrolPipeline
    ) -> CallChallenges:
        past = beginning.past
        return CallChallenges(
            identity=beginning.start.identity,
            kinds=pipeline.challenges if isinstance(pipeline, VerifyPipeline) else (),
            shown=beginning.start.challenges,
            told=beginning.followed and beginning.via is None,
            settings=self._settings,
            book=self._book,
            asked=0 if past is None else past.summary.challenges,
            camera_doubted=bool(signs_of(beginning.start.camera)),
        )

    async def _reference(self, name: str) -> Reference:
        recogniser = self._recogniser
        return await self._store.reference(
            name, model_id=recogniser.model_id, adapters=recogniser.adapters
        )

    async def _pipeline(
        self, start: Opening, inbox: MediaInbox, reference: Reference | None
    ) -> VerifyPipeline | EnrolPipeline:
        if reference is None:
            return await asyncio.to_thread(self._recogniser.enrol_pipeline)
        return await asyncio.to_thread(
            self._recogniser.verify_pipeline,
            reference,
            operating_point=start.operating_point,
            now=time.monotonic,
            burst=inbox.burst,
        )

    async def _enrolling(self, start: Opening, actor: Actor) -> PendingEnrolment:
        consent = start.consent_record(longest=longest_consent(self._settings))
        name, enrolled = await enrolled_as(
            self._store,
            start.identity,
            replaces=start.replace,
            adds=start.add,
            model_id=self._recogniser.model_id,
            adapters=self._recogniser.adapters,
        )
        destination = Destination(
            name=name,
            consent=consent,
            enrolled=enrolled,
            adds=start.add,
            way=WAY,
            recorded_by=actor.token_id,
            actor=actor,
        )
        return PendingEnrolment(self._store, destination, self._recogniser.adapters)
