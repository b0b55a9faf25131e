"""The wire's bytes are those of the recording, and what is read back is what was said."""

from __future__ import annotations

import json
from typing import get_args

from pydantic import TypeAdapter

from stream_verifier.events.hub import Hub
from stream_verifier.events.kinds import EVENT_TYPES
from stream_verifier.events.reading import read_event, read_line
from stream_verifier.events.schema import AnyPayload, Reason, SessionEnded, State, StateChanged
from tests.support.recorded_events import (
    ENVELOPES,
    EVENTS,
    lines_of,
    stamped,
)


def test_the_lines_are_byte_for_byte_those_that_were_recorded() -> None:
    recorded = lines_of(EVENTS)
    assert [event.line for event in stamped()] == recorded
    assert {json.loads(line)["type"] for line in recorded} == EVENT_TYPES


def test_every_state_reason_and_end_is_recorded() -> None:
    payloads = [event.payload for event in stamped()]
    changes = [each for each in payloads if isinstance(each, StateChanged)]
    assert {change.state for change in changes} == set(State)
    assert {reason for change in changes for reason in change.reasons} == set(Reason)
    ends = {each.reason for each in payloads if isinstance(each, SessionEnded)}
    assert ends == set(get_args(SessionEnded.model_fields["reason"].annotation))


async def test_the_envelopes_are_byte_for_byte_those_that_were_recorded() -> None:
    hub = Hub()
    subscription = await hub.subscribe()
    for event in stamped():
        hub.publish(event)
    await hub.close()
    texts = []
    while (entry := await subscription.get()) is not None:
        texts.append(entry.item.text)
    assert texts == lines_of(ENVELOPES)


def test_what_is_said_is_what_a_reader_reads() -> None:
    for event in stamped():
        assert read_line(event.line) == read_event(event.fields) == event
        assert read_event(event.fields).line == event.line


def test_folds_see_the_numbers_of_the_wire() -> None:
    payload: TypeAdapter[AnyPayload] = TypeAdapter(AnyPayload)
    stamps = ("v", "seq", "session", "wall")
    for event in stamped():
        wire = {k: v for k, v in json.loads(event.line).items() if k not in stamps}
        assert payload.validate_python(wire) == event.payload
