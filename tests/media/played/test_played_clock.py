from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_verifier.media.played.clock import MOST_LATE_S, Line, PlayedClock


def test_our_own_delays_are_taken_out() -> None:
    line = Line()
    placed = [
        line.place(step * 0.02, 5 + step * 0.02 + (0.3 if step == 3 else 0)) for step in range(8)
    ]
    assert placed == pytest.approx([5 + step * 0.02 for step in range(8)])


def test_what_was_lost_moves_what_follows_to_its_arrival() -> None:
    line = Line()
    for step in range(100):
        line.place(step * 0.02, 5 + step * 0.02)
    late = [line.place(step * 0.02, 5.2 + step * 0.02) for step in range(100, 220)]
    assert late[0] == pytest.approx(7.0)
    assert late[-1] == pytest.approx(5.2 + 219 * 0.02)


def test_a_leap_is_dated_by_its_arrival() -> None:
    line = Line()
    line.place(1.0, 5.0)
    assert line.place(900.0, 5.1) == 5.1
    assert line.place(2.0, 5.2) == 5.2
    assert line.place(2.1, 5.3) == pytest.approx(5.3)


def test_after_a_pause_the_next_one_begins_anew() -> None:
    line = Line()
    line.place(1.0, 5.0)
    line.forget()
    assert line.place(1.1, 5.4) == 5.4


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.floats(-1e15, 1e15), st.floats(0, 5), st.sampled_from(["audio", "video"])),
        max_size=60,
    )
)
def test_whatever_the_stamps_are_media_time_is_near_its_arrival(
    pieces: list[tuple[float, float, str]],
) -> None:
    clock = PlayedClock()
    now_s = 100.0
    for stamp_s, passed_s, kind in pieces:
        now_s += passed_s
        time_s = clock.date(kind, stamp_s, now_s)
        assert clock.origin_s is not None
        assert 0 <= time_s <= now_s - clock.origin_s
        assert now_s - clock.origin_s - time_s <= MOST_LATE_S + 1e-6
