"""Honest calls over a bad line: a short one, and what counts as told without cause."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.honest import people
from benchmarks.honest.__main__ import measure
from benchmarks.honest.calling import Call, wakes
from benchmarks.honest.counting import tally
from benchmarks.honest.network import CONDITIONS, Conditions, Line
from benchmarks.honest.table import page
from stream_verifier.events.schema import (
    Gap,
    Payload,
    Reason,
    SessionEnded,
    State,
    StateChanged,
    Totals,
)
from tests.support.calls import SMALL
from tests.support.kept import kept_folder

ALL = replace(CONDITIONS[-1], freeze_every_s=9.0, sleep_every_s=16.0, sleep_s=6.0)


async def test_all_at_once_gives_no_cause_for_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "SIZE", SMALL)
    clips = kept_folder("honest", "benchmarks/honest/people.py", "tests/benchmarks/test_honest.py")
    tallies, breaks = await measure([ALL], minutes=0.4, at_once=1, clips=clips, lap_s=12.0)
    (one,) = tallies
    assert one.without_cause == []
    assert one.states[State.VERIFIED] > 8
    assert one.gaps["reconnected"] > 0
    assert breaks.frames > 100
    assert "| all at once | 1, 0.4 |" in page(tallies, breaks)


def told(*payloads: Payload, ended: str = "stopped") -> Call:
    end = SessionEnded(media_s=9.0, reason=ended, totals=Totals())
    said = [(float(number), one) for number, one in enumerate([*payloads, end])]
    return Call("ada", CONDITIONS[0], said, lasted_s=10.0)


def changed(state: State, *reasons: Reason) -> StateChanged:
    return StateChanged(
        media_s=1.0, state=state, previous=State.WAITING, reasons=list(reasons), llr=None
    )


def test_doubt_without_cause_is_named() -> None:
    calls = [
        told(changed(State.VERIFIED), changed(State.UNCERTAIN, Reason.SPEECH_NOT_SCORED)),
        told(Gap(media_s=1.0, kind="audio", start_s=0.0, end_s=1.0, reason="implausible")),
        told(changed(State.REJECTED, Reason.FACE_MISMATCH), ended="no_media"),
    ]
    one = tally(CONDITIONS[0], calls)
    assert one.calls == 3
    assert one.fell == 1
    assert set(one.without_cause) == {
        "rejected", "speech_not_scored", "face_mismatch", "implausible", "no_media",
    }  # fmt: skip


def test_what_the_line_accounts_for_is_no_doubt() -> None:
    gap = Gap(media_s=1.0, kind="video", start_s=0.0, end_s=1.0, reason="network")
    said = told(changed(State.VERIFIED), gap, changed(State.UNCERTAIN, Reason.MEDIA_GAP))
    one = tally(CONDITIONS[0], [said])
    assert one.without_cause == []
    assert one.states[State.VERIFIED] == 2.0


def test_a_line_is_as_bad_as_it_says() -> None:
    frozen = Line(Conditions(name="x", freeze_every_s=10.0), began_s=0.0)
    assert frozen.wait_s(9.9, 0) == 0.0
    assert frozen.wait_s(10.25, 0) == 0.75  # the first one comes late
    assert frozen.wait_s(20.25, 0) is None  # the second one never
    late = Line(Conditions(name="x", jitter_s=0.2), began_s=0.0)
    came_s = [at_s / 50 + (late.wait_s(at_s / 50, 0) or 0.0) for at_s in range(500)]
    assert came_s == sorted(came_s)
    waits_s = [came - at_s / 50 for at_s, came in enumerate(came_s)]
    assert 0.15 < max(waits_s) <= 0.2
    lossy = Line(Conditions(name="x", loss=0.05), began_s=0.0)
    assert 300 < sum(lossy.loses() for _ in range(8000)) < 500
    assert wakes(replace(ALL, call_s=40.0)) == [16.0, 32.0]
