from __future__ import annotations

from stream_verifier.verify.channels.presence.pace import BurstPace


def asked(pace: BurstPace, *, start_s: int, end_s: int, calm: bool) -> list[int]:
    """The seconds at which a burst is due."""
    return [second for second in range(start_s, end_s) if pace.due(float(second), calm=calm)]


def test_bursts_follow_on_each_other_at_first() -> None:
    assert asked(BurstPace(), start_s=0, end_s=10, calm=False) == [0, 3, 6, 9]


def test_a_call_in_doubt_for_minutes_has_a_burst_each_ten_seconds() -> None:
    pace = BurstPace()
    asked(pace, start_s=0, end_s=60, calm=False)
    assert len(asked(pace, start_s=60, end_s=360, calm=False)) == 30


def test_a_calm_call_has_one_each_twenty_seconds() -> None:
    pace = BurstPace()
    asked(pace, start_s=0, end_s=20, calm=True)
    assert len(asked(pace, start_s=20, end_s=320, calm=True)) == 15


def test_who_was_calm_for_long_is_looked_at_at_once_when_a_doubt_comes() -> None:
    pace = BurstPace()
    asked(pace, start_s=0, end_s=100, calm=True)
    assert asked(pace, start_s=103, end_s=115, calm=False) == [103, 106, 109, 112]


def test_media_time_that_stands_still_earns_nothing() -> None:
    pace = BurstPace()
    asked(pace, start_s=0, end_s=60, calm=False)
    assert not any(pace.due(60.0, calm=False) for _ in range(100))


def test_under_load_doubt_waits_but_not_for_ever() -> None:
    pace = BurstPace()
    due = [second for second in range(60) if pace.due(float(second), calm=False, spared=True)]
    assert due == [0, 20, 40]
