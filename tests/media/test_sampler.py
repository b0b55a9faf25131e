from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_verifier.media.sampler import FrameSampler


def _picked(times: list[float], rate_hz: float = 2.0) -> list[float]:
    sampler = FrameSampler(rate_hz)
    return [time_s for time_s in times if sampler.wants(time_s)]


def test_picks_the_first_frame_at_or_after_each_grid_point() -> None:
    times = [number / 25 for number in range(40)]
    assert _picked(times) == [0.0, 0.52, 1.0, 1.52]


def test_a_time_rounded_down_to_a_millisecond_still_counts() -> None:
    assert _picked([0.0, 0.4995, 0.533]) == [0.0, 0.4995]


def test_a_pause_is_not_caught_up() -> None:
    assert _picked([0.0, 3.3, 3.34, 3.51]) == [0.0, 3.3, 3.51]


def test_a_rate_must_be_positive() -> None:
    with pytest.raises(ValueError, match="above 0"):
        FrameSampler(0)


@settings(deadline=None)
@given(st.lists(st.floats(0, 20), min_size=1, max_size=200), st.sampled_from([0.5, 2.0, 5.0]))
def test_one_frame_per_grid_cell_and_none_missed(times: list[float], rate_hz: float) -> None:
    times.sort()
    picked = _picked(times, rate_hz)
    cells = [int((time_s + 1e-3) * rate_hz) for time_s in picked]
    assert cells == sorted(set(cells))
    assert set(cells) == {int((time_s + 1e-3) * rate_hz) for time_s in times}
