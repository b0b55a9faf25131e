"""What a follower of the feed gets: events, and word of those that will never come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stream_verifier.events.envelope import Position
from stream_verifier.events.reading import read_payload
from stream_verifier.events.schema import Payload


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event.

    Attributes:
        position: where to resume to get all that comes after it.
        session: id of the session.
        seq: its number in the session, from 1.
        type: as in the contract, for example "state_changed".
        wall: when it was said, in UTC.
        payload: typed; None for what a newer server says and this version does not know.
        raw: everything, as it came, for whoever needs fields that this version does not know.
    """

    position: Position
    session: str
    seq: int
    type: str
    wall: datetime
    payload: Payload | None
    raw: dict[str, Any]  # JSON of a release that may be newer than any type here


@dataclass(frozen=True, slots=True)
class Lost:
    """Events that were wanted and will not come.

    Attributes:
        count: how many; None if nobody knows, as when the server was started anew.
        scores_only: no state change is among them: they went because this follower was slow.
    """

    count: int | None
    scores_only: bool


def read_envelope(envelope: Mapping[str, Any], *, epoch: str) -> FeedEvent:
    """Read an envelope of the feed.

    Raises:
        KeyError, TypeError, ValueError: it is not of the contract.
    """
    event = envelope["event"]
    return FeedEvent(
        position=Position(epoch=epoch, cursor=int(envelope["cursor"])),
        session=event["session"],
        seq=event["seq"],
        type=event["type"],
        wall=datetime.fromisoformat(event["wall"]),
        payload=read_payload(event),
        raw=event,
    )
