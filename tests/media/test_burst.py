from __future__ import annotations

import random

import pytest

from stream_verifier.media.burst import BurstWish


def granted(wish: BurstWish, *, start_s: float, seconds: float, rate_hz: float) -> list[float]:
    times = [start_s + step / rate_hz for step in range(round(seconds * rate_hz))]
    return [time_s for time_s in times if wish.grants(time_s)]


def test_nothing_is_granted_that_nobody_asked_for() -> None:
    assert not granted(BurstWish(), start_s=0.0, seconds=2.0, rate_hz=25)


def test_a_burst_begins_with_the_next_picture_and_ends() -> None:
    wish = BurstWish()
    wish.ask(1.0)
    times = granted(wish, start_s=100.0, seconds=3.0, rate_hz=15)
    assert times[0] == 100.0
    assert len(times) == 15


def test_another_wish_prolongs_a_burst_from_where_it_is() -> None:
    wish = BurstWish()
    wish.ask(1.0)
    assert len(granted(wish, start_s=0.0, seconds=0.8, rate_hz=15)) == 12
    wish.ask(1.0)
    assert len(granted(wish, start_s=0.8, seconds=3.0, rate_hz=15)) == 15


@pytest.mark.parametrize(
    ("rate_hz", "pictures"), [(10, 20), (15, 30), (20, 30), (24, 30), (25, 30), (30, 30), (120, 30)]
)
def test_a_camera_of_any_rate_gives_fifteen_pictures_a_second_or_all_that_it_has(
    rate_hz: float, pictures: int
) -> None:
    wish = BurstWish()
    wish.ask(2.0)
    assert abs(len(granted(wish, start_s=7.0, seconds=2.0, rate_hz=rate_hz)) - pictures) <= 1


def test_a_clock_that_jitters_costs_no_pictures() -> None:
    wish, jitter = BurstWish(), random.Random(1)
    wish.ask(10.0)
    times = [step / 15 + jitter.uniform(-0.004, 0.004) for step in range(150)]
    assert sum(wish.grants(time_s) for time_s in times) >= 147


def test_after_a_pause_there_is_no_catching_up() -> None:
    wish = BurstWish()
    wish.ask(1.0)
    granted(wish, start_s=0.0, seconds=1.0, rate_hz=30)
    wish.ask(1.0)
    assert len(granted(wish, start_s=60.0, seconds=1.0, rate_hz=30)) <= 16


def test_a_burst_that_is_given_up_ends_and_so_does_a_wish_that_nobody_granted_yet() -> None:
    wish = BurstWish()
    wish.ask(5.0)
    assert granted(wish, start_s=0.0, seconds=1.0, rate_hz=15)
    wish.ask(5.0)
    assert wish.give_up()
    assert not granted(wish, start_s=1.0, seconds=8.0, rate_hz=15)


def test_what_is_asked_for_after_a_burst_was_given_up_is_granted() -> None:
    wish = BurstWish()
    wish.ask(5.0)
    granted(wish, start_s=0.0, seconds=1.0, rate_hz=15)
    wish.give_up()
    wish.ask(1.0)
    assert len(granted(wish, start_s=1.0, seconds=8.0, rate_hz=15)) == 15


def test_a_firm_burst_is_not_given_up_and_the_next_one_is_what_it_is_asked_as() -> None:
    wish = BurstWish()
    wish.ask(2.0, firm=True)
    assert len(granted(wish, start_s=0.0, seconds=1.0, rate_hz=15)) == 15
    assert not wish.give_up()
    assert len(granted(wish, start_s=1.0, seconds=3.0, rate_hz=15)) == 15
    wish.ask(2.0)
    assert wish.give_up()
