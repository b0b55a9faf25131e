"""Starts calls: from what one is to be to a session that runs, on record and with media."""

from __future__ import annotations

import time
from collections.abc import Callable

from stream_verifier.calls.consents import Consents
from stream_verifier.calls.deeds import CallDeeds
from stream_verifier.calls.making import Beginning, SessionMaker
from stream_verifier.calls.running import RunningCalls
from stream_verifier.calls.session import Session
from stream_verifier.calls.terms import session_started
from stream_verifier.calls.withdrawal import Withdrawals
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.store import IdentityStore
from stream_verifier.verify.engine import Engine
from stream_verifier.verify.recogniser import Recogniser


class Starter:
    """Starts calls whose places are kept, new ones and those that another worker had.

    Args:
        maker: makes their sessions.
        recogniser: the loaded model, of which a call's first event tells.
        store: who is enrolled.
        engine: started by the caller.
        here: runs them.
        deeds: puts them on record.
        consents: watches over what they rest on.
        withdrawals: says whose identity changed while a call was being opened.
        refuse_if_closing: raises where calls are begun no more.
    """

    def __init__(
        self,
        *,
        maker: SessionMaker,
        recogniser: Recogniser,
        store: IdentityStore,
        engine: Engine,
        here: RunningCalls,
        deeds: CallDeeds,
        consents: Consents,
        withdrawals: Withdrawals,
        refuse_if_closing: Callable[[], None],
    ) -> None:
        self._maker = maker
        self._recogniser = recogniser
        self._store = store
        self._engine = engine
        self._here = here
        self._deeds = deeds
        self._consents = consents
        self._withdrawals = withdrawals
        self._refuse_if_closing = refuse_if_closing

    async def begin(self, beginning: Beginning) -> tuple[Session, str]:
        """Make a session, start its media, put it on record and let it run.

        Args:
            beginning: what it is to be; its place is kept by the caller.

        Returns:
            The session, and the SDP answer.

        Raises:
            UnknownIdentityError, StaleReferenceError, IdentityExistsError: the identity.
            ConsentError, ConsentLapsedError: of an enrolment or a reference.
            NegotiationError: the offer cannot be answered.
            CapacityError: the server is stopping.
            StoreError: store or audit trail cannot be used.
        """
        with self._withdrawals.opening():
            start, past = beginning.start, beginning.past
            verifies = start.mode == "verify"
            consent = (await self._store.get(start.identity)).consent if verifies else None
            session = await self._maker.make(beginning)
            fetched = beginning.via is not None
            try:
                if fetched:
                    # Media comes as soon as it is asked for, which is not before the call's
                    # beginning is on record.
                    await self._note_beginning(session, beginning)
                answer = await session.connection.source.start()
                if past is not None:
                    session.connection.source.carry_on(past.mark(time.monotonic()))
                self._withdrawals.refuse_if_changed(start.identity)
                if not fetched:
                    await self._note_beginning(session, beginning)
                self._refuse_if_closing()  # begun while this one was being opened
                self._withdrawals.refuse_if_changed(start.identity)
                session.enter(self._engine)  # which speaks of it from now on, with media or without
            except BaseException:
                self._deeds.end(session.summary, session.identity)
                await session.release()
                raise
            self._run(session, beginning, consent)
        return session, answer

    async def _note_beginning(self, session: Session, beginning: Beginning) -> None:
        via = beginning.via
        await self._deeds.begin(
            session.id,
            beginning.start,
            beginning.actor,
            attachment=None if via is None else via.origin.attachment,
        )

    def _run(self, session: Session, beginning: Beginning, consent: Consent | None) -> None:
        if session.past.summary.mode is None:  # new, or nothing is held of its beginning
            started = session_started(
                beginning.start,
                self._recogniser,
                origin=session.connection.origin,
                adapted_from=session.adapted_from,
            )
            session.emit(started)
        if session.past.seq:
            session.go_on()
        if consent is not None:
            self._consents.begin(session, consent)
        self._here.run(session, self._maker.record(beginning))
