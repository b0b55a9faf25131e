"""An event as it is kept, and back."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterable
from datetime import datetime

from stream_verifier.events.envelope import Envelope
from stream_verifier.events.event import Event
from stream_verifier.events.reading import read_line
from stream_verifier.identities.kept_events import KeptEvent

_logger = logging.getLogger(__name__)


def kept(envelope: Envelope) -> KeptEvent:
    """An event as it is kept."""
    event = envelope.event
    said = [event.spared_caller, event.untold, event.line]
    return KeptEvent(
        cursor=envelope.cursor,
        session=envelope.session,
        name=envelope.identity,
        at_s=int(event.said_at.timestamp()),
        content=json.dumps(said).encode(),
    )


def read_content(content: bytes) -> Event:
    """The event of what was kept of it.

    Raises:
        ValueError: it is none.
    """
    spared_caller, untold, line = json.loads(content)
    read = read_line(line)
    event = dataclasses.replace(read, spared_caller=spared_caller, untold=untold)
    event.__dict__["line"] = read.line
    return event


def read_back(events: Iterable[KeptEvent]) -> list[Envelope]:
    """All that can be read, in order; what cannot is counted in the log."""
    read, wrong = [], 0
    for one in events:
        try:
            event = read_content(one.content)
            event.said_at  # noqa: B018 - raises where it is none
            read.append(Envelope(one.cursor, one.name, event))
        except (KeyError, TypeError, ValueError):
            wrong += 1
    if wrong:
        _logger.error("%d kept events are of no form that this version reads", wrong)
    return read


def age_s(event: Event, now: datetime) -> float:
    """For how long an event has been said."""
    return max(0.0, (now - event.said_at).total_seconds())
