"""An event: what a session said, numbered and dated, and its one line of JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from pydantic import ConfigDict

from stream_verifier.events.audience import Audience, told
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
        spared_caller: whether it is one of the scores that a call's own client is not told.
        untold: how many of those came before it.
    """

    seq: int
    session: str
    wall: str
    payload: AnyPayload | UnknownPayload
    spared_caller: bool = field(default=False, compare=False)
    untold: int = field(default=0, compare=False)

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
        """All of the event, before it is written as text."""
        return self.fields_for(Audience.LOCAL)

    def fields_for(self, audience: Audience) -> JsonObject:
        """The event as it goes over the wire to that audience, before it is written as text."""
        said: JsonObject = told(self.payload, audience).model_dump(mode="json")
        return {
            "v": VERSION,
            "seq": self.seq,
            "session": self.session,
            "type": said.pop("type"),
            "media_s": said.pop("media_s"),
            "wall": self.wall,
            **({"untold": self.untold} if audience is Audience.CALLER else {}),
            **said,
        }

    @cached_property
    def line(self) -> str:
        """All of the event as one line of JSON."""
        return _line(self.fields)

    def line_for(self, audience: Audience) -> str:
        """The event as one line of JSON, made once for everybody of that audience."""
        if audience is not Audience.CALLER and told(self.payload, audience) is self.payload:
            return self.line
        if audience not in self._lines:
            self._lines[audience] = _line(self.fields_for(audience))
        return self._lines[audience]

    def is_for(self, audience: Audience) -> bool:
        """Whether that audience is told of it at all."""
        return not (self.spared_caller and audience is Audience.CALLER)

    @cached_property
    def _lines(self) -> dict[Audience, str]:
        return {}


def _line(fields: JsonObject) -> str:
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
