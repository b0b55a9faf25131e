from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame
from stream_verifier.verify.pace import IMPLAUSIBLE, PAUSED, Pace

STEP_S = 0.02
SAMPLES = np.zeros(320, np.int16)
PIXELS = np.zeros((2, 2, 3), np.uint8)


def sound(at_s: float, arrived_s: float) -> AudioChunk:
    return AudioChunk(SAMPLES, at_s, arrived_s)


def stream(seconds: float, *, rate: float = 1.0, transit_s: float = 0.1) -> Iterator[AudioChunk]:
    """20 ms of media every 20 ms / rate."""
    for number in range(round(seconds / STEP_S)):
        at_s = number * STEP_S
        yield sound(at_s, (at_s + STEP_S) / rate + transit_s)


def gaps(pace: Pace, items: Iterable[MediaItem]) -> list[MediaGap]:
    dated = [one for item in items for one in pace.take(item)]
    return [one for one in dated if isinstance(one, MediaGap)]


@pytest.mark.parametrize("ppm", [-200, 0, 200, 5000, -5000])
def test_a_devices_clock_is_left_alone(ppm: int) -> None:
    items = list(stream(120, rate=1 + ppm / 1e6))
    assert [one for item in items for one in Pace().take(item)] == items


def test_jitter_and_freezes_that_make_good_are_left_alone() -> None:
    random = np.random.default_rng(1)
    items, arrived_s = [], 0.0
    for number in range(6000):
        at_s = number * STEP_S
        due_s = at_s + 0.05 + random.exponential(0.1)
        frozen_s = 20 * round(at_s / 20)  # a second's freeze each 20 s, then a burst
        if 0 <= at_s - frozen_s < 1:
            due_s = max(due_s, frozen_s + 1.0)
        arrived_s = max(arrived_s, due_s)
        items.append(sound(at_s, arrived_s))
    assert gaps(Pace(), items) == []


def test_a_queue_that_fills_and_empties_again_and_again_is_no_clock() -> None:
    items, arrived_s = [], 0.0
    for number in range(15_000):
        at_s = number * STEP_S
        queued_s = 1.2 if at_s % 12 >= 8 else 0.1
        arrived_s = max(arrived_s, at_s + queued_s)
        items.append(sound(at_s, arrived_s))
    found = gaps(Pace(), items)
    assert found
    assert {gap.reason for gap in found} == {PAUSED}


def test_a_clock_that_lags_and_never_makes_good_is_named() -> None:
    random = np.random.default_rng(3)
    items = [
        sound(at_s, at_s * 1.06 + random.uniform(0, 0.2))
        for at_s in np.arange(0, 200, STEP_S).tolist()
    ]
    assert IMPLAUSIBLE in {gap.reason for gap in gaps(Pace(), items)}


def test_a_phone_that_sleeps_comes_back_after_a_gap_without_blame() -> None:
    pace = Pace()
    assert gaps(pace, stream(10)) == []
    woken = [sound(10 + n * STEP_S, 40.1 + n * STEP_S) for n in range(1, 500)]
    (gap,) = gaps(pace, woken)
    assert gap.reason == PAUSED
    assert gap.end_s - gap.start_s == pytest.approx(30, abs=0.2)
    assert pace.behind_s(50.1) < 0.2


def test_crawling_media_is_dated_by_our_clock() -> None:
    pace = Pace()
    assert gaps(pace, stream(5)) == []
    last_s = 0.0
    for number in range(200):
        arrived_s = 5.1 + 0.45 * number
        for one in pace.take(AudioChunk(SAMPLES[:40], 5 + 0.0025 * number, arrived_s)):
            last_s = max(last_s, one.time_s if isinstance(one, VideoFrame) else one.end_s)
        assert arrived_s - last_s < 3
    assert pace.behind_s(arrived_s) < 3


@pytest.mark.parametrize("rate", [0.5, 0.9, 1.1, 2.0])
def test_a_clock_that_no_device_has_is_named(rate: float) -> None:
    found = gaps(Pace(), stream(60, rate=rate))
    assert IMPLAUSIBLE in {gap.reason for gap in found}
    assert found[0].start_s < 45


def test_a_leap_ahead_is_named_and_helps_nobody() -> None:
    pace = Pace()
    gaps(pace, stream(5))
    (gap,) = gaps(pace, [sound(15.0, 5.2)])
    assert gap.reason == IMPLAUSIBLE
    assert pace.behind_s(12.2) == pytest.approx(7.0, abs=0.2)


def test_kinds_are_held_apart_and_the_one_in_the_present_counts() -> None:
    pace = Pace()
    for item in stream(20):
        pace.take(item)
        if item.start_s < 5:
            pace.take(VideoFrame(PIXELS, item.start_s, item.arrived_s))
    assert pace.behind_s(20.2) < 0.5
    assert pace.behind_s(25.2) == pytest.approx(5.1, abs=0.3)


def test_what_has_no_arrival_is_a_files() -> None:
    item = AudioChunk(SAMPLES, 3.0)
    assert Pace().take(item) == [item]


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(-3, 3)), max_size=60))
def test_whatever_a_sender_writes_the_present_is_not_far(steps: list[tuple[float, float]]) -> None:
    """Time that media claims never holds the call's time back, and is bounded by what came."""
    pace = Pace()
    arrived_s, media_s, reached_s = 100.0, 0.0, 0.0
    pace.behind_s(arrived_s)
    for wait_s, claimed_s in steps:
        arrived_s += wait_s
        media_s = max(0.0, media_s + claimed_s)
        for one in pace.take(sound(media_s, arrived_s)):
            assert not isinstance(one, VideoFrame)
            assert one.end_s >= one.start_s
            reached_s = max(reached_s, one.end_s)
        # Silent from here on, the call is as far behind as it has been silent, less 1 % of drift.
        assert pace.behind_s(arrived_s + 10) >= 9.85
