from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stream_verifier.events.log import EventLog
from stream_verifier.events.schema import (
    Payload,
    SessionEnded,
    SessionStarted,
    State,
    StateChanged,
    Totals,
)
from stream_verifier.summary import KEPT_ENDED, CallSummary, EndedCalls

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def summed_up(*payloads: Payload) -> CallSummary:
    log, summary = EventLog("s1", now=lambda: NOON), CallSummary("s1")
    for payload in payloads:
        summary = summary.after(log.stamp(payload))
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
    assert summary.started_at == "2026-01-02T12:00:00.000Z" and summary.ended_at is None
    summary = summed_up(started(), changed, ended)
    assert (summary.end_reason, summary.media_s) == ("stopped", 4.0)
    assert summary.totals == {"windows": 3, "video_frames_dropped": 0, "audio_overrun_s": 0.0}


def test_only_a_verified_call_has_a_state() -> None:
    assert summed_up(started()).state == "waiting"
    assert summed_up(started("enrol")).state is None


def ended_at(number: int, when: datetime) -> CallSummary:
    return CallSummary(f"s{number}", ended_at=when.isoformat())


def test_the_last_calls_are_kept_for_a_day() -> None:
    calls = EndedCalls()
    for number in range(KEPT_ENDED + 5):
        calls.add(ended_at(number, NOON + timedelta(minutes=number)), NOON)
    kept = calls.list(NOON + timedelta(hours=4))
    assert [call.session for call in kept] == [f"s{n}" for n in range(5, KEPT_ENDED + 5)]
    later = calls.list(NOON + timedelta(hours=24, minutes=100))
    assert later[0].session == "s100"
    assert calls.list(NOON + timedelta(days=9)) == []


def test_a_call_that_failed_without_a_last_event_has_ended_all_the_same() -> None:
    calls = EndedCalls()
    calls.add(CallSummary("s1"), NOON)
    (kept,) = calls.list(NOON)
    assert (kept.ended_at, kept.end_reason) == (NOON.isoformat(), "error")
