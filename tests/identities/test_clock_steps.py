from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stream_verifier.identities.clock_steps import ClockSteps

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_clock_that_was_set_is_told_once_and_by_how_much() -> None:
    wall, steady_s = [BEGAN], [7.0]
    steps = ClockSteps(lambda: wall[0], now_s=lambda: steady_s[0])

    def after(wall_s: float, really_s: float) -> float:
        wall[0] += timedelta(seconds=wall_s)
        steady_s[0] += really_s
        return steps.since_last_s()

    assert after(3600, 3600) == 0.0
    assert after(3600 + 86_400, 3600) == 86_400.0
    assert after(60, 60) == 0.0
    assert after(-3600, 60) == -3660.0
