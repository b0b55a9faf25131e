"""A reader skips what it does not know, and does without what was not said."""

from __future__ import annotations

from typing import Any

import pytest

from stream_verifier.events.event import UnknownPayload
from stream_verifier.events.reading import read_event, read_line, read_payload
from stream_verifier.events.schema import (
    Evidence,
    Score,
    SessionEnded,
    SessionStarted,
    StateChanged,
    Totals,
)
from stream_verifier.events.stamper import Stamper
from tests.support.feed_media import PAYLOAD_EXAMPLES

STAMPS = {"v": 2, "seq": 7, "session": "s1", "wall": "2026-01-02T03:04:05.678Z"}
CHANGE: dict[str, Any] = {
    **STAMPS, "type": "state_changed", "media_s": 1.5, "state": "verified", "previous": "waiting",
    "reasons": ["noisy_audio"], "llr": 2.5,
}  # fmt: skip


def test_fields_of_a_newer_server_are_skipped_however_deep() -> None:
    for payload in PAYLOAD_EXAMPLES:
        event = Stamper("s").stamp(payload)
        assert read_event({**event.fields, "newer": {"a": [1]}}) == event
    score = read_event(
        {
            **STAMPS, "type": "score", "media_s": 2, "start_s": 0, "end_s": 2, "voice": None,
            "face": {"llr": 1, "newer": 1}, "fused": None, "speech_s": 1,
            "faces": [], "notes": [], "age_s": None,
            "evidence": {"face": 1, "voice": 2, "both": 3, "lips": 4},
        }
    ).payload  # fmt: skip
    assert isinstance(score, Score)
    assert score.evidence == Evidence(face=1, voice=2, both=3)


def test_a_type_of_a_newer_server_is_kept_as_it_is() -> None:
    event = read_event({**STAMPS, "type": "lips_seen", "media_s": 3.25, "more": {"a": [1]}})
    assert isinstance(event.payload, UnknownPayload)
    assert (event.type, event.media_s, event.seq) == ("lips_seen", 3.25, 7)
    assert event.fields == {
        **STAMPS, "type": "lips_seen", "media_s": 3.25, "more": {"a": [1]}
    }  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [{"state": "alarmed"}, {"reasons": ["noisy_audio", "deep_fake"]}, {"previous": "alarmed"}],
)
def test_a_value_of_a_newer_server_is_kept_as_it_is_spelt(change: dict[str, Any]) -> None:
    event = read_event({**CHANGE, **change})
    assert isinstance(event.payload, StateChanged)
    assert {field: getattr(event.payload, field) for field in change} == change
    assert (event.payload.llr, event.seq) == (2.5, 7)
    assert read_payload({**CHANGE, **change}) is None


def test_an_end_for_a_new_reason_is_an_end() -> None:
    ended = read_event({"type": "session_ended", "media_s": 3, "reason": "moved"}).payload
    assert isinstance(ended, SessionEnded)
    assert (ended.reason, ended.totals) == ("moved", Totals())


def test_what_was_not_said_is_null_or_nothing() -> None:
    score = read_event({"type": "score", "media_s": 2.5}).payload
    assert score == Score(
        media_s=2.5, start_s=2.5, end_s=2.5, face=None, voice=None, fused=None, speech_s=0,
        faces=[], notes=[], evidence=None, age_s=None,
    )  # fmt: skip
    event = read_event({"type": "session_started", "identity": "ada"})
    assert (event.seq, event.session, event.wall, event.media_s) == (0, "", "", 0.0)
    assert isinstance(event.payload, SessionStarted)
    assert (event.payload.identity, event.payload.model) == ("ada", "")
    assert event.payload.operating_point is None


def test_a_part_may_be_incomplete() -> None:
    score = read_event({"type": "score", "media_s": 1, "evidence": {"face": 2}}).payload
    assert isinstance(score, Score)
    assert (score.evidence, score.face) == (Evidence(face=2, voice=0, both=0), None)


@pytest.mark.parametrize(
    "change",
    [
        {"type": None}, {"type": 3}, {"media_s": "soon"}, {"media_s": None}, {"llr": "high"},
        {"reasons": "all"}, {"reasons": [3]}, {"state": 3}, {"seq": "first"}, {"wall": 5},
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no event|validation error"):
        read_event({**CHANGE, **change})


@pytest.mark.parametrize("line", ["", "[]", "null", "{}", '{"type": "score"', '"score"'])
def test_a_line_that_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="no event|Expecting"):
        read_line(line)


def test_a_line_is_kept_as_it_came() -> None:
    line = '{ "type":"gap", "newer": 1, "media_s": 2.00, "kind":"audio" }'
    assert read_line(line).line == line
