from __future__ import annotations

from stream_verifier.media.burst import BurstWish


def granted(wish: BurstWish, *, start_s: float, seconds: float, rate_hz: float) -> list[float]:
    times = [start_s + step / rate_hz for step in range(round(seconds * rate_hz))]
    return [time_s for time_s in times if wish.grants(time_s)]


def test_nothing_is_granted_that_nobody_asked_for() -> None:
    assert not granted(BurstWish(), start_s=0.0, seconds=2.0, rate_hz=25)


def test_a_burst_begins_with_the_next_picture_and_ends() -> None:
    wish = BurstWish()
    wish.ask(1.0)
    times = granted(wish, start_s=100.0, seconds=3.0, rate_hz=25)
    assert times[0] == 100.0
    assert len(times) == 25


def test_another_wish_prolongs_a_burst_from_where_it_is() -> None:
    wish = BurstWish()
    wish.ask(1.0)
    assert len(granted(wish, start_s=0.0, seconds=0.8, rate_hz=25)) == 20
    wish.ask(1.0)
    assert len(granted(wish, start_s=0.8, seconds=3.0, rate_hz=25)) == 25


def test_of_a_fast_camera_no_more_than_thirty_pictures_a_second_are_granted() -> None:
    wish = BurstWish()
    wish.ask(1.0)
    assert len(granted(wish, start_s=0.0, seconds=1.0, rate_hz=120)) == 30
