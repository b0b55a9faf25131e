from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.media.footage.timeline import JUMP_GAP_S, Timeline

SOUND, PICTURE = 0, 1
TICK_S = 1 / 90_000


def _timeline(origin_s: float = 0.0, start_s: float = 0.0) -> Timeline:
    return Timeline(origin_s=origin_s, start_s=start_s, max_hole_s=10.0)


def _put(timeline: Timeline, track: int, time_s: float, *, starts: bool = True) -> float:
    place = timeline.place(track, time_s, length_s=0.02, tick_s=TICK_S, starts=starts)
    return time_s + place.shift_s


def test_the_first_media_lies_at_the_start() -> None:
    timeline = _timeline(origin_s=7.0, start_s=3.0)
    assert _put(timeline, SOUND, 7.0) == 3.0
    assert _put(timeline, PICTURE, 7.04) == pytest.approx(3.04)


def test_reordered_pictures_are_no_jump() -> None:
    timeline = _timeline()
    times = [0.0, 0.27, 0.13, 0.07, 0.2, 0.53]
    assert [_put(timeline, PICTURE, t, starts=t == 0) for t in times] == times


def test_both_tracks_follow_a_jump_and_keep_their_distance() -> None:
    timeline = _timeline()
    for n in range(100):
        _put(timeline, SOUND, n * 0.02)
        _put(timeline, PICTURE, n * 0.02)
    picture_s = _put(timeline, PICTURE, 0.04)
    assert picture_s == pytest.approx(2.0 + JUMP_GAP_S)
    assert _put(timeline, SOUND, 2.0) == pytest.approx(2.0)  # it has not jumped yet
    assert _put(timeline, SOUND, 0.0) == pytest.approx(picture_s - 0.04)


def test_a_track_that_pauses_while_the_other_goes_on_has_not_jumped() -> None:
    timeline = _timeline()
    _put(timeline, PICTURE, 0.0)
    for n in range(2000):
        _put(timeline, SOUND, n * 0.02)
    assert _put(timeline, PICTURE, 39.0) == 39.0


def test_time_ahead_of_everything_is_a_jump_and_costs_no_time() -> None:
    timeline = _timeline()
    _put(timeline, SOUND, 0.0)
    assert _put(timeline, SOUND, 9.0) == 9.0
    assert _put(timeline, SOUND, 40_000.0) == pytest.approx(9.02 + JUMP_GAP_S)


def test_a_counter_runs_over_for_one_track_after_the_other() -> None:
    timeline = _timeline(origin_s=95_443.0)
    over_s = 2**33 / 90_000
    _put(timeline, SOUND, 95_443.6)
    _put(timeline, PICTURE, 95_443.6)
    assert _put(timeline, PICTURE, 95_443.72 - over_s, starts=False) == pytest.approx(0.72)
    assert _put(timeline, SOUND, 95_443.62) == pytest.approx(0.62)
    assert _put(timeline, SOUND, 95_443.74 - over_s) == pytest.approx(0.74)


@given(st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=60), st.randoms())
def test_whatever_the_clock_does_our_time_stays_bounded(times: list[float], random: object) -> None:
    timeline = _timeline(origin_s=times[0])
    ends = []
    for n, time_s in enumerate(times):
        _put(timeline, n % 2, time_s)
        ends.append(timeline.end_s)
    assert ends == sorted(ends)
    assert ends[-1] <= len(times) * (10.0 + JUMP_GAP_S + 0.02)
