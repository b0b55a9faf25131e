from __future__ import annotations

from datetime import UTC, datetime

from stream_verifier.calls.summary import CallSummary, EndedCalls
from stream_verifier.events.schema import (
    Payload,
    SessionEnded,
    SessionStarted,
    State,
    StateChanged,
    Totals,
)
from stream_verifier.events.stamper import Stamper

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def summed_up(*payloads: Payload) -> CallSummary:
    stamper, summary = Stamper("s1", now=lambda: NOON), CallSummary("s1")
    for payload in payloads:
        summary = summary.after(stamper.stamp(payload))
    return summary


def started(mode: str = "verify") -> SessionStarted:
    return SessionStarted.model_validate(
        {"media_s": 0.0, "mode": mode, "identity": "ada", "model": "m", "comparator": "c"}
    )


def test_a_call_is_summed_up_event_by_event() -> None:
    changed = StateChanged(
        media_s=4.0, state=State.REJECTED, previous=State.WAITING, reasons=[], llr=-5.0
    )
    ended = SessionEnded(media_s=3.0, reason="stopped", totals=Totals(windows=3))
    summary = summed_up(started(), changed)
    assert (summary.state, summary.media_s, summary.seq) == ("rejected", 4.0, 2)
    assert summary.state_since == "2026-01-02T12:00:00.000Z"
    assert summary.started_at == "2026-01-02T12:00:00.000Z"
    assert summary.ended_at is None
    summary = summed_up(started(), changed, ended)
    assert (summary.end_reason, summary.media_s) == ("stopped", 4.0)
    assert summary.totals == Totals(windows=3)


def test_only_a_verified_call_has_a_state() -> None:
    assert summed_up(started()).state == "waiting"
    assert summed_up(started()).state_since == "2026-01-02T12:00:00.000Z"
    enrolling = summed_up(started("enrol"))
    assert (enrolling.state, enrolling.state_since) == (None, None)


def test_a_call_is_kept_for_as_long_as_its_events_are() -> None:
    calls = EndedCalls()
    for number in range(4):
        held = [f"s{n}" for n in range(max(0, number - 2), number + 1)]
        calls.add(CallSummary(f"s{number}", ended_at=NOON.isoformat()), NOON, held=held)
    assert [call.session for call in calls.list(held=["s2", "s1", "s0", "s3"])] == [
        "s1",
        "s2",
        "s3",
    ]
    assert [call.session for call in calls.list(held=["s3", "another"])] == ["s3"]
    assert calls.list(held=[]) == []


def test_a_call_that_failed_without_a_last_event_has_ended_all_the_same() -> None:
    calls = EndedCalls()
    calls.add(CallSummary("s1"), NOON, held=["s1"])
    (kept,) = calls.list(held=["s1"])
    assert (kept.ended_at, kept.end_reason) == (NOON.isoformat(), "error")
