from __future__ import annotations

import pytest

from stream_verifier.calls.capacity import Capacity, Usage
from stream_verifier.calls.gauge import Gauge, Sample
from stream_verifier.verify.load import Load

LIMIT = Usage(worker_s=0.8, loop_s=0.8, process_s=1.6)


def capacity(**more: float) -> Capacity:
    return Capacity(expected=Usage(0.08, 0.02, 0.12), limit=LIMIT, **more)


def test_before_any_call_what_was_tried_out_decides() -> None:
    made = capacity()
    assert made.most_calls == 10
    assert [made.room(calls) for calls in (0, 9, 10, 12)] == [10, 1, 0, 0]


def test_what_runs_out_first_is_the_limit() -> None:
    made = Capacity(expected=Usage(0.01, 0.01, 0.4), limit=LIMIT)
    assert made.most_calls == 4
    assert Capacity(expected=Usage(0.01, 0.4, 0.01), limit=LIMIT).most_calls == 2


def test_one_call_always_fits() -> None:
    assert Capacity(expected=Usage(5.0, 0.1, 5.0), limit=LIMIT).most_calls == 1


def test_what_calls_really_cost_takes_the_place_of_what_was_expected() -> None:
    made = capacity()
    for _ in range(60):
        made.note(Usage(0.16, 0.04, 0.2).scaled(8), call_s=8.0, behind=False)
    assert made.cost.worker_s == pytest.approx(0.16, rel=0.05)
    assert made.most_calls == 5


def test_calls_that_send_nothing_make_no_room() -> None:
    made = capacity()
    for _ in range(600):
        made.note(Usage(0.001, 0.001, 0.001), call_s=8.0, behind=False)
    assert made.most_calls == 20


def test_nobody_more_comes_in_while_windows_go_unscored() -> None:
    made = capacity()
    made.note(Usage(0.1, 0.1, 0.1), call_s=2.0, behind=True)
    assert made.room(1) == 0
    assert made.room(0) > 0
    made.note(Usage(0.1, 0.1, 0.1), call_s=2.0, behind=False)
    assert made.room(1) > 0


def sample(at_s: float, calls: int, **counted: float) -> Sample:
    load = Load(**counted)  # type: ignore[arg-type]
    return Sample(at_s=at_s, calls=calls, load=load, loop_s=at_s / 50, process_s=at_s / 5)


def gauge(made: Capacity) -> Gauge:
    return Gauge(made, calls=lambda: 0, load=Load)


def test_windows_that_were_left_out_count_as_demand() -> None:
    made = capacity(trust_s=0.001)
    measure = gauge(made)
    for step in range(30):
        done = {"hearing_s": 0.2 * step, "scoring_s": 0.6 * step, "wanted_s": 1.4 * step}
        measure.take(sample(float(step), 10, **done, scored=9 * step, skipped=step))
    assert made.cost.worker_s == pytest.approx((0.2 + 1.4) / 10, rel=0.01)
    # What the process would have used as well, had there been the time.
    assert made.cost.process_s == pytest.approx((0.2 + 0.8) / 10, rel=0.01)
    assert measure.behind
    assert made.room(3) == 0


def test_calls_that_have_just_been_opened_make_none_seem_cheap() -> None:
    made = capacity(trust_s=0.001)
    measure = gauge(made)
    for step in range(20):
        calls = 4 if step < 18 else 40
        measure.take(sample(float(step), calls, hearing_s=0.4 * step, scored=step))
    assert made.cost.worker_s == pytest.approx(0.1, rel=0.01)
    assert not measure.behind


def test_nobody_more_comes_in_while_pictures_are_spared() -> None:
    made = capacity()
    measure = gauge(made)
    for step in range(5):
        measure.take(sample(float(step), 3, heard=20 * step, late=step, scored=9 * step))
    assert made.room(3) > 0
    for step in range(5, 10):
        measure.take(sample(float(step), 3, heard=20 * step, late=4 + 3 * (step - 4)))
    assert measure.sparing
    assert not measure.behind
    assert made.room(3) == 0


def test_who_was_behind_a_while_ago_is_so_no_more() -> None:
    measure = gauge(capacity())
    for step in range(12):
        measure.take(sample(float(step), 3, scored=10 * step, skipped=min(step, 4)))
        assert measure.behind == (1 <= step < 8)
