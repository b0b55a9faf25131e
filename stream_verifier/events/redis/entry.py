"""Events as arguments of the script, and as they come back from a stream."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stream_verifier.events.envelope import Envelope
from stream_verifier.events.event import Event
from stream_verifier.events.kinds import is_dispensable
from stream_verifier.events.reading import read_line
from stream_verifier.events.redis.script import END, ENDED, LASTING, SCORE
from stream_verifier.events.schema import SessionEnded, SessionStarted


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a stream.

    Attributes:
        cursor: its number.
        before: the number that was given before it: whoever has not seen that has missed something.
        at_s: when it was kept, Unix time by Redis' clock.
        envelope: the event; None where a session ended without a word.
        ends: the session that did.
    """

    cursor: int
    before: int
    at_s: int
    envelope: Envelope | None
    ends: str | None


def arguments_of(event: Event) -> Iterator[str]:
    """An event as arguments of the script."""
    payload = event.payload
    kind = SCORE if is_dispensable(payload) else LASTING
    yield event.session
    yield str(event.seq)
    yield ENDED if isinstance(payload, SessionEnded) else kind
    yield payload.identity if isinstance(payload, SessionStarted) else ""
    yield str(event.untold)
    yield str(int(event.spared_caller))
    yield event.line


def arguments_of_end(session: str) -> Iterator[str]:
    """A session's end as arguments of the script."""
    yield from (session, "0", END, "", "", "", "")


def read_entry(name: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    """An entry as a stream has it.

    Raises:
        ValueError, KeyError: it is none of this log's.
    """
    cursor = int(name.partition(b"-")[0])
    envelope = ends = None
    if b"x" in fields:
        ends = fields[b"x"].decode()
    else:
        event = dataclasses.replace(
            (read := read_line(fields[b"e"].decode())),
            spared_caller=fields[b"c"] == b"1",
            untold=int(fields[b"u"]),
        )
        event.__dict__["line"] = read.line
        identity = fields[b"i"].decode() or None
        envelope = Envelope(cursor=cursor, identity=identity, event=event)
    return Entry(cursor, int(fields[b"p"]), int(fields[b"t"]), envelope, ends)
