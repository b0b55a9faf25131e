from __future__ import annotations

import json
from datetime import UTC, datetime

from pydantic import TypeAdapter

from stream_verifier.events.schema import (
    AnyPayload,
    Evidence,
    FusedScore,
    OperatingPointInForce,
    Score,
    SessionStarted,
    State,
    StateChanged,
)
from stream_verifier.events.stamper import Stamper

NOON = datetime(2026, 1, 2, 12, 0, 0, 345_678, tzinfo=UTC)


def make_score() -> Score:
    return Score(
        media_s=1.23456789,
        start_s=0,
        end_s=1.23456789,
        face=None,
        voice=None,
        fused=FusedScore(llr=3.14159265, of=["face", "voice"]),
        speech_s=0.5,
        faces=[(0.1, 0.2, 0.300004, 0.4)],
        notes=[],
        evidence=Evidence(face=1.0, voice=2.00004, both=0.5),
        age_s=None,
    )


def test_events_are_numbered_from_one_and_dated() -> None:
    stamper = Stamper("abc", now=lambda: NOON)
    first, second = (stamper.stamp(make_score()).fields for _ in range(2))
    assert (first["seq"], second["seq"]) == (1, 2)
    assert (first["v"], first["session"], first["type"]) == (2, "abc", "score")
    assert first["wall"] == "2026-01-02T12:00:00.345Z"


def test_numbers_are_short_on_the_wire() -> None:
    event = Stamper("abc").stamp(make_score()).fields
    assert event["media_s"] == 1.2346
    assert event["fused"] == {"llr": 3.1416, "of": ["face", "voice"]}
    assert event["faces"] == [[0.1, 0.2, 0.3, 0.4]]
    assert event["evidence"] == {"face": 1.0, "voice": 2.0, "both": 0.5}


def test_a_start_says_where_the_states_change() -> None:
    point = OperatingPointInForce(name="alarm_8h", accept=2.0, reject=-3.0)
    about = {"mode": "verify", "identity": "ada", "model": "m", "comparator": "c"}
    event = Stamper("abc").stamp(SessionStarted(media_s=0, operating_point=point, **about)).fields
    assert event["operating_point"] == {"name": "alarm_8h", "accept": 2.0, "reject": -3.0}
    event = Stamper("abc").stamp(SessionStarted(media_s=0, **about | {"mode": "enrol"})).fields
    assert event["operating_point"] is None


def test_an_event_without_its_envelope_is_a_payload_again() -> None:
    payload = StateChanged(
        media_s=2.5, state=State.VERIFIED, previous=State.WAITING, reasons=[], llr=4.5
    )
    event = json.loads(Stamper("abc").stamp(payload).line)
    for field in ("v", "seq", "session", "wall"):
        del event[field]
    assert TypeAdapter(AnyPayload).validate_python(event) == payload
