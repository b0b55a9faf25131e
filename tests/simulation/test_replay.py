from __future__ import annotations

import pytest

from benchmarks.rivals import variants
from stream_verifier.events.schema import State
from stream_verifier.simulation.ground_truth import Truth, truths
from stream_verifier.simulation.outcome import judge
from stream_verifier.simulation.replay import (
    MIXED_S,
    MakeJudge,
    impostor_starts,
    ours,
    replay,
    trace,
)
from stream_verifier.verify.operating import OperatingPoint
from tests.support.simulated_calls import EVIDENCE, draw_calls, make_call, make_script

CALLS = draw_calls(16, strength=1.0)
RULES = [ours(EVIDENCE), *(variant.make for variant in variants()[::5])]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("point", [(2.0, -3.0), (0.7, -0.6), (4.0, -5.0)])
def test_one_trace_tells_what_every_point_would_say(
    rule: MakeJudge, point: tuple[float, float]
) -> None:
    at = OperatingPoint(accept=point[0], reject=point[1])
    for call in CALLS:
        states = [verdict.state for _, verdict in replay(call.seen, rule(at))]
        believed = trace(call, rule)
        assert list(believed.rejected(at.reject)) == [s is State.REJECTED for s in states]
        assert list(believed.verified(at)) == [s is State.VERIFIED for s in states]


def test_depths_count_false_alarms() -> None:
    for call in CALLS:
        believed = trace(call, ours(EVIDENCE))
        for reject in (-0.5, -1.5, -3.0):
            told = replay(call.seen, ours(EVIDENCE)(OperatingPoint(accept=2.0, reject=reject)))
            outcome = judge(call.script, told)
            assert sum(depth <= reject for depth in believed.depths) == outcome.false_alarms
            assert believed.genuine_s == outcome.genuine_s


def test_an_impostor_starts_with_windows_that_are_his_alone() -> None:
    starts = impostor_starts(CALLS)
    assert {call.script.kind for call in starts} == {"swap_both", "swap_face", "swap_voice"}
    for call in starts:
        assert call.script.change_s is not None
        assert call.seen[0][0] >= call.script.change_s + MIXED_S


def test_truth_follows_from_who_is_seen_and_heard() -> None:
    script = make_script("swap_voice", length_s=6.0, change_s=2.5)
    call = make_call(script, [(1.0, 1.0), (1.0, None), (1.0, 1.0), (1.0, 1.0), (None, 1.0)])
    assert truths(call) == (
        Truth(True, True),
        Truth(True, None),
        Truth(True, None),  # this window mixes both
        Truth(True, False),
        Truth(None, False),
    )
    assert [truth.both for truth in truths(call)] == [True, None, None, False, False]
