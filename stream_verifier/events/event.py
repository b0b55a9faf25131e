"""An event: what a session said, numbered and dated, and its one line of JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from pydantic import ConfigDict

from stream_verifier.events.json_object import JsonObject
from stream_verifier.events.schema import VERSION, AnyPayload, Payload


class UnknownPayload(Payload):
    """What a newer server says and this version has no type for; only readers meet it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str


@dataclass(frozen=True)
class Event:
    """Made by a session's `Stamper`, or read from JSON by `read_event`.

    Attributes:
        seq: its number in the session, from 1.
        session: the session's id.
        wall: when it was said: UTC, milliseconds, as ISO 8601.
        payload: what was said, its numbers rounded as they are on the wire.
    """

    seq: int
    session: str
    wall: str
    payload: AnyPayload | UnknownPayload

    @property
    def type(self) -> str:
        """The event's type, as in the contract."""
        return self.payload.type

    @property
    def media_s(self) -> float:
        """Media time in seconds from the start of the call."""
        return self.payload.media_s

    @property
    def said_at(self) -> datetime:
        """The wall time as an aware datetime.

        Raises:
            ValueError: it is none, as in an event that a reader had to complete.
        """
        return datetime.fromisoformat(self.wall)

    @property
    def fields(self) -> JsonObject:
        """The event as it goes over the wire, before it is written as text."""
        said: JsonObject = self.payload.model_dump(mode="json")
        return {
            "v": VERSION,
            "seq": self.seq,
            "session": self.session,
            "type": said.pop("type"),
            "media_s": said.pop("media_s"),
            "wall": self.wall,
            **said,
        }

    @cached_property
    def line(self) -> str:
        """The event as one line of JSON, made once for everybody."""
        return json.dumps(self.fields, separators=(",", ":"), ensure_ascii=False)
