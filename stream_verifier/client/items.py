"""What a follower of the feed gets: events, and word of those that will never come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from stream_verifier.events.envelope import Position
from stream_verifier.events.schema import Payload
from stream_verifier.events.types import PAYLOAD_OF_TYPE


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
        raw: everything, as it came.
    """

    position: Position
    session: str
    seq: int
    type: str
    wall: datetime
    payload: Payload | None
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lost:
    """Events that were wanted and will not come.

    Attributes:
        count: how many; None if nobody knows, as when the server was started anew.
        scores_only: no state change is among them: they went because this follower was slow.
    """

    count: int | None
    scores_only: bool


def read_event(envelope: dict[str, Any], *, epoch: str) -> FeedEvent:
    """Read an envelope of the feed.

    Raises:
        KeyError, TypeError, ValueError: it is not of the contract.
    """
    event: dict[str, Any] = envelope["event"]
    return FeedEvent(
        position=Position(epoch=epoch, cursor=int(envelope["cursor"])),
        session=event["session"],
        seq=event["seq"],
        type=event["type"],
        wall=datetime.fromisoformat(event["wall"]),
        payload=read_payload(event),
        raw=event,
    )


def read_payload(event: dict[str, Any]) -> Payload | None:
    """The typed payload of an event; fields that this version does not know are left out."""
    model = PAYLOAD_OF_TYPE.get(event["type"])
    if model is None:
        return None
    try:
        return model.model_validate({k: v for k, v in event.items() if k in model.model_fields})
    except ValidationError:
        return None
