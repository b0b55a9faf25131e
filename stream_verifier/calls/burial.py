"""The last word of a call that ended with its server, said by whoever comes after it."""

from __future__ import annotations

from datetime import UTC, datetime

from stream_verifier.calls.ending import EndReason
from stream_verifier.calls.past import Past
from stream_verifier.calls.summary import CallSummary
from stream_verifier.events.event import Event
from stream_verifier.events.hub import Hub
from stream_verifier.events.schema import SessionEnded, Totals
from stream_verifier.events.stamper import Stamper

MOST_UNKNOWN = 10_000
"""Events of a call that followers may have and a log that a crash cut off has not."""


def last_word(session: str, past: Past, reason: EndReason, *, unknown: int = 0) -> Event:
    """The end of a call of which all else was said.

    Args:
        session: its id.
        past: what its events tell.
        reason: why it ended.
        unknown: how many more events there may have been, whose numbers are not given again.
    """
    stamper = Stamper(session, seq=past.seq + unknown, untold=past.untold)
    said = {"media_s": past.media_s, "reason": reason, "totals": Totals()}
    return stamper.stamp(SessionEnded.model_validate(said))


async def calls_before(hub: Hub) -> list[CallSummary]:
    """The calls that the log of a server knows that has just come back.

    Those that were cut off are ended, so that nobody takes them for running.
    """
    known = []
    for session in hub.sessions():
        past = Past.of(session, await hub.history(session), now=datetime.now(UTC))
        summary = past.summary
        if summary.ended_at is None:
            event = last_word(session, past, "server_lost", unknown=MOST_UNKNOWN)
            hub.publish(event)
            summary = summary.after(event)
        known.append(summary)
    await hub.flush()
    return known
