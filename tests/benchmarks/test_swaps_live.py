from __future__ import annotations

import pytest

from benchmarks.swaps.live import changes, compare, lasting, line, live, table
from tests.support.simulated_calls import make_script

SCRIPT = make_script("swap_both")
EXPECTED = changes([(1.0, "waiting"), (2.0, "verified"), (9.0, "verified"), (33.0, "rejected")])


def event(at_s: float, state: str) -> dict[str, object]:
    return {"type": "state_changed", "media_s": at_s, "state": state}


def test_only_changes_are_kept() -> None:
    assert EXPECTED == [(0.0, "waiting"), (2.0, "verified"), (33.0, "rejected")]


def test_events_after_the_end_and_new_reasons_for_a_state_are_left_out() -> None:
    events = [event(2.0, "verified"), event(5.0, "verified"), event(61.0, "waiting")]
    assert live([*events, {"type": "score"}], until_s=60.0) == [(0.0, "waiting"), (2.0, "verified")]


@pytest.mark.parametrize("shift_s", [-1.0, 0.0, 1.3])
def test_one_shift_is_taken_out(shift_s: float) -> None:
    found = [(at_s and at_s - shift_s, state) for at_s, state in EXPECTED]
    one = compare(SCRIPT, EXPECTED, found, 1.0)
    assert one.shift_s == pytest.approx(shift_s)
    assert one.apart_s == pytest.approx(0.0, abs=1e-9)
    assert one.agrees(1.0)


@pytest.mark.parametrize(("late_s", "agrees"), [(0.9, True), (1.9, True), (2.3, False)])
def test_what_is_late_by_itself_is_no_shift(late_s: float, agrees: bool) -> None:
    found = [(0.0, "waiting"), (2.0, "verified"), (33.0 + late_s, "rejected")]
    one = compare(SCRIPT, EXPECTED, found, 1.0)
    assert one.apart_s == pytest.approx(late_s / 2)
    assert one.agrees(1.0) == agrees
    assert ("DIFFERS" in line(one, 1.0)) != agrees


def test_a_shift_is_bounded() -> None:
    found = [(at_s and at_s + 5, state) for at_s, state in EXPECTED]
    assert compare(SCRIPT, EXPECTED, found, 1.0).apart_s == pytest.approx(3.0)


def test_a_state_of_one_window_may_be_missing() -> None:
    passing = [(0.0, "waiting"), (2.0, "verified"), (32.0, "uncertain"), (33.0, "rejected")]
    assert lasting(passing, 1.0) == EXPECTED
    assert compare(SCRIPT, EXPECTED, passing, 1.0).agrees(1.0)
    longer = [(0.0, "waiting"), (2.0, "verified"), (30.0, "uncertain"), (33.0, "rejected")]
    assert not compare(SCRIPT, EXPECTED, longer, 1.0).agrees(1.0)


def test_other_states_never_agree() -> None:
    other = [(0.0, "waiting"), (2.0, "verified"), (33.0, "uncertain")]
    one = compare(SCRIPT, EXPECTED, other, 1.0)
    assert one.apart_s is None
    assert not one.agrees(1e9)
    assert "0 of 1 calls agree" in table([one], 1.0)
