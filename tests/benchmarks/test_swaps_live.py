from __future__ import annotations

import pytest
from scripted_calls import make_script

from benchmarks.swaps.live import changes, compare, line, live, table

SCRIPT = make_script("swap_both")
EXPECTED = changes([(1.0, "waiting"), (2.0, "verified"), (9.0, "verified"), (33.0, "rejected")])


def event(at_s: float, state: str) -> dict[str, object]:
    return {"type": "state_changed", "media_s": at_s, "state": state}


def test_only_changes_are_kept() -> None:
    assert EXPECTED == [(0.0, "waiting"), (2.0, "verified"), (33.0, "rejected")]


def test_events_after_the_end_and_new_reasons_for_a_state_are_left_out() -> None:
    events = [event(2.0, "verified"), event(5.0, "verified"), event(61.0, "waiting")]
    assert live([*events, {"type": "score"}], until_s=60.0) == [(0.0, "waiting"), (2.0, "verified")]


@pytest.mark.parametrize("shift_s", [-1.0, 0.0, 0.8])
def test_a_shift_of_the_devices_is_taken_out(shift_s: float) -> None:
    found = [(at_s and at_s - shift_s, state) for at_s, state in EXPECTED]
    one = compare(SCRIPT, EXPECTED, found)
    assert one.shift_s == pytest.approx(shift_s, abs=0.2)
    assert one.apart_s is not None and one.apart_s < 0.25 and one.agrees(1.0)


def test_a_change_that_comes_late_is_no_shift() -> None:
    found = [(0.0, "waiting"), (2.0, "verified"), (36.0, "rejected")]
    one = compare(SCRIPT, EXPECTED, found)
    assert one.apart_s is not None and one.apart_s > 1.4
    assert not one.agrees(1.0) and "DIFFERS" in line(one, 1.0)


def test_other_states_never_agree() -> None:
    one = compare(SCRIPT, EXPECTED, [(0.0, "waiting"), (2.0, "verified"), (33.0, "uncertain")])
    assert one.apart_s is None and not one.agrees(1e9)
    assert "0 of 1 calls agree" in table([one], 1.0)
