from __future__ import annotations

import itertools
import random

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


@settings(deadline=None)
@given(
    steps=st.lists(st.floats(0.01, 0.4), min_size=50, max_size=200),
    seed=st.integers(0, 2**32),
    rate_hz=st.sampled_from([1.0, 2.0]),
)
def test_by_chance_no_two_looks_are_two_intervals_and_a_frame_apart(
    steps: list[float], seed: int, rate_hz: float
) -> None:
    sampler, times, now_s = FrameSampler(rate_hz, random.Random(seed)), [], 0.0
    for step in steps:
        if sampler.wants(now_s):
            times.append(now_s)
        now_s += step
    apart = [b - a for a, b in zip(times, [*times[1:], now_s - steps[-1]], strict=True)]
    assert times[0] == 0.0
    assert max(apart) <= 2 / rate_hz + 0.4 + 1e-6
    cells = [int((at_s + 1e-3) * rate_hz) for at_s in times]
    assert all(cells.count(cell) <= 2 for cell in cells)  # its own, and one that came late


def test_by_chance_each_frame_of_an_interval_is_as_likely_as_another() -> None:
    counts = [0] * 10
    for seed in range(100):
        sampler = FrameSampler(2.0, random.Random(seed))
        for number in range(1, 400):
            if sampler.wants(number / 20) and number > 20:
                counts[number % 10] += 1
    assert sum(counts) == pytest.approx(100 * 37, rel=0.03)
    assert min(counts) > 0.8 * sum(counts) / 10
    assert max(counts) < 1.2 * sum(counts) / 10


def test_a_pause_is_not_caught_up_by_chance_either() -> None:
    for seed in range(50):
        sampler = FrameSampler(2.0, random.Random(seed))
        assert sampler.wants(0.0)
        assert sampler.wants(30.1)
        assert sum(sampler.wants(30.1 + number / 50) for number in range(1, 20)) <= 1


def test_where_looks_are_spared_there_are_four_for_seven_and_none_is_further_apart() -> None:
    sampler = FrameSampler(2.0, random.Random(5))
    times = [step / 30 for step in range(30_000) if sampler.wants(step / 30, sparing=True)]
    apart = [after - before for before, after in itertools.pairwise(times)]
    assert len(times) == pytest.approx(1000 / 0.875, rel=0.03)
    assert min(apart) >= 0.75 - 1e-3
    assert max(apart) <= 1.0 + 1 / 30 + 1e-3
    assert len({round(one, 3) for one in apart}) >= 7  # nobody knows when


def test_looks_come_as_usual_again_once_they_are_spared_no_more() -> None:
    sampler = FrameSampler(2.0, random.Random(5))
    frames = [step / 30 for step in range(3000)]
    times = [at for at in frames if sampler.wants(at, sparing=at < 50.0)]
    assert sum(at > 51.0 for at in times) == pytest.approx(2 * 49, abs=2)


def test_a_file_is_looked_at_on_its_grid_whatever_is_spared() -> None:
    sampler = FrameSampler(2.0)
    times = [step / 10 for step in range(20) if sampler.wants(step / 10, sparing=True)]
    assert times == [0.0, 0.5, 1.0, 1.5]
