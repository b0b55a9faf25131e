from __future__ import annotations

import numpy as np
import pytest

from stream_verifier.simulation.alarms import highest_reject, most_alarms
from stream_verifier.simulation.operating_points import (
    TARGETS,
    Target,
    choose,
    lowest_accept,
    share_trusted,
)
from stream_verifier.simulation.replay import impostor_starts, ours, trace
from stream_verifier.verify.operating import OperatingPoint
from tests.support.simulated_calls import EVIDENCE, draw_calls

CALLS = draw_calls(80, strength=1.0, inflated=2.0)
TRACES = [trace(call, ours(EVIDENCE)) for call in CALLS]
STARTS = [trace(call, ours(EVIDENCE)) for call in impostor_starts(CALLS)]


def test_with_hours_enough_the_upper_end_of_the_rate_is_within_the_target() -> None:
    depths = list(-np.arange(1, 101) / 10.0)
    found = highest_reject(depths, hours=100.0, per_hour=0.1)
    assert found.assured
    assert most_alarms(found.alarms) <= 10 < most_alarms(found.alarms + 1)
    assert found.alarms == sum(depth <= found.reject for depth in depths)


def test_with_few_hours_the_tail_keeps_a_distance() -> None:
    depths = list(np.random.default_rng(1).exponential(1.0, 200) * -1)
    found = highest_reject(depths, hours=1.0, per_hour=1 / 8)
    assert not found.assured
    assert found.alarms == 0
    # 200 an hour at 0 with a scale of 1 are one in eight hours at -ln 1600.
    assert found.reject == pytest.approx(-np.log(1600), abs=1.5)


def test_without_any_doubt_the_threshold_is_not_at_even_odds() -> None:
    assert highest_reject([], hours=1.0, per_hour=1 / 8).reject == -0.5


def test_a_poisson_mean_of_no_event_is_at_most_three() -> None:
    assert most_alarms(0) == pytest.approx(2.996, abs=1e-3)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3])
def test_accept_is_the_lowest_that_trusts_few_enough_impostors(share: float) -> None:
    accept = lowest_accept(TRACES, STARTS, share)
    assert share_trusted(STARTS, OperatingPoint(accept=accept, reject=-1.0)) <= share
    if accept > 0.5:
        lower = OperatingPoint(accept=accept - 0.25, reject=-1.0)
        assert max(share_trusted(TRACES, lower), share_trusted(STARTS, lower)) > share


def test_a_point_reaches_its_target_in_every_condition_it_names() -> None:
    point = choose(TRACES, STARTS, Target(hours={"clean": 1 / 20, "each other condition": 1 / 40}))
    for condition, per_hour in (("clean", 20), ("call", 40)):
        group = [one for one in TRACES if one.script.condition == condition]
        alarms = sum(depth <= point.reject for one in group for depth in one.depths)
        assert alarms <= per_hour * sum(one.genuine_s for one in group) / 3600
    assert "clean" in point.target
    assert point.accept > 0 > point.reject


def test_a_looser_target_is_no_slower() -> None:
    tight, loose = (choose(TRACES, STARTS, TARGETS[name]) for name in ("alarm_8h", "alarm_2h"))
    assert tight.reject <= loose.reject
