"""More calls than the worker has time for, on a clock of its own: what is left out, and of whom."""

from __future__ import annotations

from functools import cache
from statistics import mean

import pytest

from stream_verifier.events.schema import Gap, State
from tests.support.loaded_calls import Costs, LoadedCall, run

SECONDS, SETTLED_S = 60.0, 10.0
FIT = Costs().calls_that_fit


@cache
def overloaded(times: int) -> list[LoadedCall]:
    """So many times what fits; in one call in four somebody else takes over."""
    calls, _ = run(calls=times * FIT, swaps=times * FIT // 4, seconds=SECONDS)
    return calls


def genuine(calls: list[LoadedCall]) -> list[LoadedCall]:
    return [call for call in calls if call.swap_s == float("inf")]


def swapped(calls: list[LoadedCall]) -> list[LoadedCall]:
    return [call for call in calls if 0 < call.swap_s < SECONDS]


def p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


def ages(calls: list[LoadedCall]) -> list[float]:
    """From the arrival of a window's newest media until it was told, scored or not."""
    return [score.age_s for call in calls for _, score in call.scores if score.age_s is not None]


def compared(call: LoadedCall, kind: str = "face") -> list[float]:
    """When it was scored."""
    return [at_s for at_s, score in call.scores if getattr(score, kind) is not None]


def test_calls_that_fit_are_scored_in_full() -> None:
    calls = overloaded(1)
    assert p95(ages(calls)) < 0.5
    assert not any("overloaded" in one.notes for call in calls for _, one in call.scores)
    assert min(call.verified_share(SETTLED_S, SECONDS) for call in genuine(calls)) > 0.9
    assert max(call.noticed_s() for call in swapped(calls)) < 4


@pytest.mark.parametrize("times", [2, 4])
def test_no_event_is_late_and_no_genuine_call_is_rejected_whatever_the_load(times: int) -> None:
    calls = overloaded(times)
    assert max(ages(calls)) <= 1.5
    states = {state for call in genuine(calls) for _, state in call.states}
    assert State.REJECTED not in states
    assert State.ABSENT not in states


def test_at_twice_what_fits_calm_calls_stay_verified_and_swaps_are_noticed() -> None:
    calls = overloaded(2)
    share = mean(call.verified_share(SETTLED_S, SECONDS) for call in genuine(calls))
    assert share > 0.85
    scored = mean(len(compared(call)) / SECONDS for call in genuine(calls))
    assert 0.3 < scored < 0.7
    assert p95([call.noticed_s() for call in swapped(calls)]) < 10


@pytest.mark.parametrize("times", [2, 4])
def test_nobody_gains_from_overload(times: int) -> None:
    for call in swapped(overloaded(times)):
        left_s = SECONDS - call.swap_s
        assert left_s * call.verified_share(call.swap_s, SECONDS) < 6


def test_every_call_is_looked_at_within_a_bound_however_many_are_unsure() -> None:
    calls, _ = run(calls=2 * FIT, unsure=2 * FIT - 4, seconds=SECONDS)
    for call in genuine(calls):
        looked = [at_s for at_s in compared(call) if at_s > SETTLED_S]
        assert max(b - a for a, b in zip(looked, looked[1:], strict=False)) < 6


def test_scores_are_shared_fairly() -> None:
    counts = [len(compared(call)) for call in genuine(overloaded(2))]
    assert max(counts) < 1.5 * min(counts)


def test_whose_media_costs_more_is_heard_less_rather_than_others() -> None:
    calls, _ = run(calls=18, dear=8, seconds=SECONDS)
    unheard = [sum(isinstance(one, Gap) for _, one in call.told) for call in calls]
    assert min(unheard[:8]) > 5
    assert unheard[8:] == [0] * 10
    assert min(call.verified_share(SETTLED_S, SECONDS) for call in calls[8:]) > 0.8
    assert max(ages(calls)) <= 1.5
