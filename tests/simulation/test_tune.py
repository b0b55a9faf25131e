from __future__ import annotations

import pytest

from model.errors import PackError
from stream_verifier.simulation.delays import MISSED_S, cost, wait
from stream_verifier.simulation.operating_points import Target, highest_reject_of, lowest_accept
from stream_verifier.simulation.replay import impostor_starts, ours, trace
from stream_verifier.simulation.tune import tune
from stream_verifier.verify.operating import EvidenceModel
from tests.support.simulated_calls import EVIDENCE, draw_calls

TARGET = Target(hours={"clean": 1 / 20, "call": 1 / 20})
CALLS = draw_calls(8, strength=1.0, inflated=2.0)


def waited_s(evidence: EvidenceModel) -> float:
    traces = [trace(call, ours(evidence)) for call in CALLS]
    starts = [trace(call, ours(evidence)) for call in impostor_starts(CALLS)]
    accept = lowest_accept(traces, starts, TARGET.trusted)
    return cost(traces, highest_reject_of(traces, TARGET)) + wait(traces, accept)


def test_it_never_makes_anybody_wait_longer_and_says_how_long() -> None:
    tried: list[float] = []
    timid = EVIDENCE.voice.model_copy(update={"first": 0.1, "per_s": 0.1, "slack": 3.0})
    unsure = EVIDENCE.model_copy(update={"voice": timid})
    found, least_s = tune(CALLS, unsure, TARGET, on_try=tried.append)
    assert least_s == pytest.approx(waited_s(found))
    assert min(tried) > 0.99 * least_s  # what gains less than that is left out
    assert tried[0] == pytest.approx(waited_s(unsure))
    assert least_s < tried[0]
    assert len(tried) > 20


def test_a_ceiling_that_nobody_could_be_verified_under_is_not_chosen() -> None:
    low = EVIDENCE.model_copy(update={"ceiling": 0.4})
    traces = [trace(call, ours(low)) for call in CALLS]
    assert wait(traces, 0.5) == MISSED_S
    found, _ = tune(CALLS, low, TARGET)
    assert found.ceiling > 0.4


def test_no_window_counts_for_more_than_it_says() -> None:
    timid = draw_calls(8, strength=1.0, inflated=0.5)
    found, _ = tune(timid, EVIDENCE, TARGET)
    for worth in (found.face, found.voice):
        assert 0 < worth.per_s <= 1
        assert 0 < worth.first <= 1


def test_a_target_of_another_condition_is_refused() -> None:
    with pytest.raises(PackError, match="no call is of a condition"):
        tune(CALLS, EVIDENCE, Target(hours={"dark": 8.0}))
