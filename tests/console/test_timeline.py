from __future__ import annotations

import pytest

from stream_verifier.console.timeline import (
    Asked,
    Hole,
    Span,
    Timeline,
    clock,
    in_words,
    runs,
    say_asked,
    say_reasons,
    stretches,
)
from tests.support.timeline_media import (
    challenge_asked,
    challenge_result,
    change,
    ended,
    failed,
    gap,
    minute,
    read,
    score,
    started,
)


def test_nothing_is_an_empty_timeline() -> None:
    assert read([]) == Timeline()
    assert in_words(Timeline()) == []


def test_a_session_has_its_identity_and_thresholds() -> None:
    timeline = read([started(), ended(7.5)])
    assert (timeline.identity, timeline.operating_point) == ("ada", "alarm_8h")
    assert (timeline.accept, timeline.reject, timeline.end_s) == (2.0, -3.0, 7.5)
    assert timeline.spans == (Span(0.0, 7.5, "waiting"),)
    assert read([started(operating_point=None)]).accept is None


def test_spans_have_no_holes_and_the_last_of_two_changes_at_one_moment_holds() -> None:
    events = [change(2.0, "uncertain", "no_face"), change(2.0, "verified"), ended(5.0)]
    assert read(events).spans == (
        Span(0.0, 2.0, "waiting"),
        Span(2.0, 5.0, "verified"),
    )
    assert read([change(0.0, "absent"), ended(3.0)]).spans == (Span(0.0, 3.0, "absent"),)
    spans = read(minute()).spans
    assert (spans[0].start_s, spans[-1].end_s) == (0.0, 60.0)
    assert all(one.end_s == other.start_s for one, other in zip(spans, spans[1:], strict=False))


def test_a_point_begins_where_the_one_before_it_ended() -> None:
    first, second, late = read([score(1.5), score(2.5), score(9.0)]).points
    assert (first.start_s, first.at_s) == (0.0, 1.5)
    assert (second.start_s, second.at_s) == (1.5, 2.5)
    assert (late.start_s, late.at_s) == (6.0, 9.0)


def test_a_score_without_evidence_has_none_and_tells_what_was_missing() -> None:
    silent, unknown = read(
        [
            score(1.0, None, None, missing=["voice"]),
            {"type": "score", "media_s": 2.0},
        ]
    ).points
    assert (silent.face, silent.voice, silent.both, silent.missing) == (
        None,
        None,
        None,
        ("voice",),
    )
    assert (unknown.start_s, unknown.both, unknown.missing) == (2.0, None, ("face", "voice"))


def test_a_voice_that_was_spared_is_like_the_one_before() -> None:
    events = [score(1.0, spared=True), score(2.0), score(3.0, missing=["face"], spared=True)]
    found = [point.missing for point in read(events).points]
    assert found == [("voice",), (), ("face",)]


def test_lines_break_where_there_is_no_evidence_and_where_nothing_was_scored() -> None:
    events = [score(1.0, 1, 1), score(2.0, None, None), score(3.0, 3, 4), score(7.5, 5, 5)]
    points = read(events).points
    assert runs(points, "both") == [[(1.0, 1)], [(3.0, 3)], [(7.5, 5)]]
    assert runs(points, "voice") == [[(1.0, 1)], [(3.0, 4)], [(7.5, 5)]]
    assert runs(read([score(1.0), score(4.0)]).points, "face") == [[(1.0, 3.0), (4.0, 3.0)]]


def test_what_was_compared_is_joined_where_windows_follow_on_each_other() -> None:
    events = [score(2.0), score(3.0), score(4.0, missing=["voice"]), score(9.0)]
    points = read(events).points
    assert stretches(points, "face") == [(0.0, 4.0), (6.0, 9.0)]
    assert stretches(points, "voice") == [(0.0, 3.0), (6.0, 9.0)]


def test_gaps_and_a_failure_are_kept() -> None:
    timeline = read([gap(1.0, 2.5, "audio"), failed(3.0, "It breaks off."), ended(3.0)])
    assert timeline.holes == (Hole(1.0, 2.5, "audio"),)
    assert timeline.failure == "It breaks off."
    assert read([{"type": "error", "message": "Connection lost."}]).end_s == 0.0


def test_a_timeline_can_be_read_aloud() -> None:
    words = in_words(read(minute()))
    assert words[0] == "0:00 to 0:01 Waiting"
    assert "0:23 to 0:31 Rejected: wrong voice" in words
    assert "0:34 to 0:40 Absent: no face, no speech" in words


def test_a_reason_not_known_yet_is_said_as_it_is_spelt() -> None:
    assert say_reasons(["voice_mismatch", "new_one"]) == "wrong voice, new one"


@pytest.mark.parametrize(
    ("time_s", "shown"), [(0, "0:00"), (61.9, "1:01"), (3599, "59:59"), (3661, "61:01")]
)
def test_time_is_in_minutes_and_seconds(time_s: float, shown: str) -> None:
    assert clock(time_s) == shown


def test_a_challenge_lasts_from_the_question_to_its_result() -> None:
    told = read(
        [
            challenge_asked(2.0, "a"),
            challenge_result(7.0, "a"),
            challenge_result(8.0, "unheard of"),
            challenge_asked(9.0, "b", "say_digits"),
            ended(12.0),
        ]
    ).challenges
    assert told == (
        Asked(2.0, 7.0, "turn_head", "passed"),
        Asked(9.0, 12.0, "say_digits", None),
    )
    assert [say_asked(one) for one in told] == ["turn head: passed", "say digits"]
