from __future__ import annotations

from stream_verifier.verify.channels.presence.pace import BurstPace


def asked(pace: BurstPace, *, start_s: int, end_s: int, **known: bool) -> list[int]:
    """The seconds at which a burst is due."""
    return [second for second in range(start_s, end_s) if pace.due(float(second), **known)]


def test_bursts_follow_on_each_other_at_first() -> None:
    assert asked(BurstPace(), start_s=0, end_s=31) == [*range(0, 31, 3)]


def test_a_call_that_stays_unclear_for_minutes_has_a_burst_each_five_seconds() -> None:
    pace = BurstPace()
    asked(pace, start_s=0, end_s=120)
    assert len(asked(pace, start_s=120, end_s=420)) == 60


def test_a_call_that_is_known_to_be_wrong_has_one_each_ten_seconds() -> None:
    pace = BurstPace()
    asked(pace, start_s=0, end_s=10, doubted=True)
    assert len(asked(pace, start_s=10, end_s=310, doubted=True)) == 30


def test_a_calm_call_has_one_each_twenty_seconds() -> None:
    pace = BurstPace()
    asked(pace, start_s=0, end_s=20, calm=True)
    assert len(asked(pace, start_s=20, end_s=320, calm=True)) == 15


def test_who_was_calm_for_long_is_looked_at_at_once_when_a_doubt_comes() -> None:
    pace = BurstPace()
    asked(pace, start_s=0, end_s=100, calm=True)
    assert asked(pace, start_s=103, end_s=115) == [103, 106, 109, 112]


def test_media_time_that_stands_still_earns_nothing() -> None:
    pace = BurstPace()
    asked(pace, start_s=0, end_s=120)
    last_s = next(at_s for at_s in range(120, 130) if pace.due(float(at_s)))
    assert not any(pace.due(float(last_s)) for _ in range(100))


def test_under_load_doubt_waits_but_not_for_ever() -> None:
    pace = BurstPace()
    due = [second for second in range(60) if pace.due(float(second), spared=True)]
    assert due == [0, 20, 40]
