"""A sender's times become media time, and lead nowhere that arrivals do not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_verifier.media.fed.clock import TRUSTED_S, FeedClock


def test_sound_and_pictures_are_dated_by_the_senders_one_clock() -> None:
    clock = FeedClock()
    assert clock.date("audio", 5000.0, 100.0) == (0.0, False)
    assert clock.date("video", 5000.25, 100.9) == (0.25, False)
    assert clock.date("audio", 5001.0, 101.0) == (1.0, False)
    assert clock.synchronised


@pytest.mark.parametrize("jump_s", [11.0, -11.0, 1e9, -1e9])
def test_a_clock_that_jumps_goes_on_where_it_arrived(jump_s: float) -> None:
    clock = FeedClock()
    clock.date("audio", 0.0, 100.0)
    assert clock.date("audio", 1.0 + jump_s, 101.0) == (1.0, True)
    assert clock.date("audio", 2.0 + jump_s, 102.5) == (2.0, False)
    assert clock.date("video", 2.5, 102.5) == (2.5, False)
    assert not clock.synchronised


def test_it_carries_on_at_the_time_that_was_really_away() -> None:
    clock = FeedClock()
    clock.carry_on(40.0, floor_s=50.0)
    assert clock.date("video", 7.0, 100.0) == (60.0, False)
    ahead = FeedClock()
    ahead.carry_on(40.0, floor_s=80.0)
    assert ahead.date("video", 7.0, 100.0) == (80.0, False)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["audio", "video"]),
            st.floats(-1e15, 1e15) | st.floats(-20, 20),
            st.floats(0, 5),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_no_time_is_far_from_its_arrival(said: list[tuple[str, float, float]]) -> None:
    clock, now_s = FeedClock(), 1000.0
    for kind, at_s, later_s in said:
        now_s += later_s
        time_s, _ = clock.date(kind, at_s, now_s)
        assert clock.origin_s is not None
        assert abs(time_s - (now_s - clock.origin_s)) <= TRUSTED_S + 1
