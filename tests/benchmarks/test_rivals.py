from __future__ import annotations

import pytest

from benchmarks.gauges import Average, Cusum
from benchmarks.rivals import Gauges, Rival, variants
from stream_verifier.events.schema import Reason, State
from stream_verifier.verify.operating import OperatingPoint
from tests.support.simulated_calls import make_observation

POINT = OperatingPoint(accept=2.0, reject=-2.0)


def values(gauge: Average | Cusum, *llrs: float) -> list[float]:
    found = []
    for llr in llrs:
        gauge.add(llr)
        found.append(gauge.value)
    return found


def test_an_average_forgets_what_is_older_than_its_windows() -> None:
    assert Average(windows=2).value == 0.0
    assert values(Average(windows=2), 4.0, 2.0, -6.0) == [4.0, 3.0, -2.0]
    assert values(Average(windows=1), 4.0, -6.0) == [4.0, -6.0]


def test_cusum_adds_up_what_exceeds_its_drift_and_starts_anew_at_zero() -> None:
    assert values(Cusum(drift=1.0), 4.0, 3.0, -3.0, -2.0) == [3.0, 5.0, -2.0, -3.0]
    against = values(Cusum(drift=1.0), -3.0, -2.0, 1.5, 3.0)
    assert against[:3] == pytest.approx([-2.0, -3.0, -0.5])
    assert against[3] > 0


def test_fading_moves_gauges_towards_zero() -> None:
    average, cusum = Average(windows=2), Cusum(drift=0.0)
    for gauge in (average, cusum):
        gauge.add(-4.0)
        gauge.fade(0.5)
        assert gauge.value == -2.0
        gauge.fade(1.0)
    assert average.value == 0.0
    assert 0.0 < cusum.value < 1e-3


def test_face_and_voice_may_reject_by_themselves_where_asked() -> None:
    for each, both in ((False, 3.0), (True, -2.0)):
        gauges = Gauges(lambda: Average(windows=1), each=each)
        gauges.add(5.0, -2.0, 3.0)
        assert (gauges.odds.face, gauges.odds.voice, gauges.odds.both) == (5.0, -2.0, both)


def make_rival(*, each: bool = True) -> Rival:
    return Rival(gauges=Gauges(lambda: Average(windows=1), each=each), point=POINT)


def test_a_rival_names_what_is_wrong() -> None:
    rival = make_rival()
    assert rival.update(make_observation(1.0, 5.0, 4.0)).state is State.VERIFIED
    verdict = rival.update(make_observation(2.0, 5.0, -4.0))
    assert (verdict.state, verdict.reasons) == (State.REJECTED, (Reason.VOICE_MISMATCH,))


def test_a_rival_obeys_our_rules_of_absence() -> None:
    rival = make_rival()
    rival.update(make_observation(1.0, 5.0, 4.0))
    assert rival.update(make_observation(5.0, None, None)).state is State.ABSENT
    assert rival.update(make_observation(6.0, 5.0, None)).state is State.WAITING


def test_what_was_scored_before_is_no_news_to_a_rival() -> None:
    rival = Rival(gauges=Gauges(lambda: Cusum(drift=0.0), each=True), point=POINT)
    again = make_observation(1.0, -1.5, 4.0)
    for _ in range(3):
        assert rival.update(again).state is not State.REJECTED


def test_each_rival_has_settings_to_choose_from() -> None:
    found = {(one.rival, one.setting) for one in variants()}
    assert len(found) == len(variants())
    assert {rival for rival, _ in found} == {"threshold on each window", "moving average", "CUSUM"}
