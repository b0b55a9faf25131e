"""What the audit trail is told of a call: that it began, and how it ended; no evidence."""

from __future__ import annotations

from stream_verifier.audit.deed import SYSTEM, Actor, Deed, Kind
from stream_verifier.audit.journal import Journal
from stream_verifier.calls.summary import CallSummary
from stream_verifier.errors import StoreError, StreamVerifierError
from stream_verifier.events.call_messages import Opening
from stream_verifier.identities.store import IdentityStore


class CallDeeds:
    """Tells the trail of each call that it begins, and once that it ended.

    Args:
        store: has the trail, and the days on which references are used.
        journal: what the trail is owed; no call begins that it does not take.
    """

    def __init__(self, store: IdentityStore, journal: Journal) -> None:
        self._store = store
        self._journal = journal
        self._actors: dict[str, Actor] = {}

    async def begin(
        self, session: str, start: Opening, actor: Actor, *, attachment: str | None = None
    ) -> None:
        """Write that a call begins.

        Args:
            session: its id.
            start: what its client wants.
            actor: who opens it.
            attachment: id of the attached room that its media is fetched from, if it is.

        Raises:
            StoreError: it cannot be written, and the call must not begin. That is owed to the
                trail, so that the journal tries on, and says when calls can begin again.
        """
        deed = call_started(session, start, actor, attachment)
        try:
            await self._journal.settle()
            # Before it is known to be written: cancelled now, it may be all the same.
            self._actors[session] = actor
            if start.mode == "verify":
                await self._store.note_use(start.identity, deed)
            else:
                await self._store.audit.append(deed)
        except StreamVerifierError as error:
            self._actors.pop(session, None)
            if isinstance(error, StoreError):
                refused = Deed(Kind.ACCESS_REFUSED, actor, start.identity, outcome=error.code)
                self._journal.count(refused, now=True)
            raise

    def end(self, call: CallSummary, name: str) -> None:
        """Write that a call ended, if it began, as soon as the trail takes it."""
        actor = self._actors.pop(call.session, None)
        if actor is not None:
            self._journal.owe(call_ended(call, name, actor))

    def bury(self, call: CallSummary) -> None:
        """Write that a call ended that another server had begun, and is gone."""
        if call.identity is not None:
            self._journal.owe(call_ended(call, call.identity, SYSTEM))


def call_started(session: str, start: Opening, actor: Actor, attachment: str | None = None) -> Deed:
    """A call that is about to begin."""
    details = {"session": session, "mode": start.mode, "operating_point": start.operating_point}
    if attachment is not None:
        details["attachment"] = attachment
    return Deed(Kind.CALL_STARTED, actor, start.identity, details=details)


def call_ended(call: CallSummary, name: str, actor: Actor) -> Deed:
    """A call that is over, with its last verdict."""
    return Deed(
        Kind.CALL_ENDED,
        actor,
        name,
        details={
            "session": call.session,
            "reason": call.end_reason or "error",
            "verdict": call.state,
            "because": " ".join(call.reasons),
            "seconds": round(call.media_s),
            "windows": 0 if call.totals is None else call.totals.windows,
            **(
                {"challenges": call.challenges, "passed": call.challenges_passed}
                if call.challenges
                else {}
            ),
        },
    )


def challenge_asked(session: str, name: str, kind: str | None, actor: Actor) -> Deed:
    """Somebody has the person in a call asked for something, over HTTP."""
    return Deed(
        Kind.CHALLENGE_ASKED, actor, name, details={"session": session, "kind": kind or "any"}
    )
