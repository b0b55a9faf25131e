"""All calls of all workers, as their events tell them."""

from __future__ import annotations

from stream_verifier.calls.summary import CallSummary
from stream_verifier.events.envelope import Envelope
from stream_verifier.events.log import EventLog


class Directory:
    """Keeps a summary of each call whose events the log holds.

    Args:
        log: not started yet, so that its past is told, too.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._calls: dict[str, CallSummary] = {}
        log.follow(self._note)

    def calls(self) -> list[CallSummary]:
        """Summaries, newest first."""
        held = self._forget()
        return [self._calls[session] for session in reversed(held) if session in self._calls]

    def get(self, session: str) -> CallSummary | None:
        """One call's; None where nothing was heard of it."""
        return self._calls.get(session)

    def _note(self, envelope: Envelope) -> None:
        call = self._calls.get(envelope.session, CallSummary(session=envelope.session))
        if call.identity is None and envelope.identity is not None:
            # Its beginning is no longer held.
            call = CallSummary(session=envelope.session, identity=envelope.identity)
        self._calls[envelope.session] = call = call.after(envelope.event)
        if call.ended_at is not None:
            self._forget()

    def _forget(self) -> list[str]:
        """Forget calls of which nothing is held; return the others' ids."""
        held = self._log.sessions()
        for session in self._calls.keys() - set(held):
            del self._calls[session]
        return held
