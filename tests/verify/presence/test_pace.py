from __future__ import annotations

import itertools

from stream_verifier.verify.channels.presence.pace import BURST_S, BurstPace, BurstTurns


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
    clock = [0.0]
    pace = BurstPace(BurstTurns(lambda: clock[0]))
    due = []
    for second in range(60):
        clock[0] = float(second)
        due += [second] if pace.due(clock[0], spared=True) else []
    assert due == [0, 20, 40]


def spared(paces: list[BurstPace], clock: list[float], *, seconds: int) -> list[tuple[int, float]]:
    """Which call has a burst when, of calls that ask by turns ten times a second."""
    found = []
    for tick in range(10 * seconds):
        clock[0] = tick / 10
        for number, pace in enumerate(paces):
            found += [(number, clock[0])] if pace.due(clock[0], spared=True) else []
    return found


def test_under_load_one_call_at_a_time_has_a_burst_and_each_has_its_turn() -> None:
    clock = [0.0]
    turns = BurstTurns(lambda: clock[0])
    found = spared([BurstPace(turns) for _ in range(12)], clock, seconds=100)
    times = [at_s for _, at_s in found]
    assert min(b - a for a, b in itertools.pairwise(times)) >= BURST_S - 1e-6
    assert [number for number, _ in found[:24]] == [*range(12), *range(12)]


def test_whoever_does_not_ask_again_holds_nobody_up_for_long() -> None:
    clock = [0.0]
    turns = BurstTurns(lambda: clock[0])
    first, gone, third = (BurstPace(turns) for _ in range(3))
    assert first.due(0.0, spared=True)
    assert not gone.due(0.0, spared=True)
    later = [at_s for _, at_s in spared([third], clock, seconds=15)]
    assert later
    assert later[0] <= 11


def test_with_time_enough_nobody_waits_for_others() -> None:
    turns = BurstTurns(lambda: 0.0)
    assert all(BurstPace(turns).due(0.0) for _ in range(5))
