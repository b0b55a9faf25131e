from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from model.evaluation.calibration import line_cllr, over_minimum, person_share
from model.evaluation.metrics import cllr, min_cllr

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def calibrated(count: int, *, d: float = 3.0, seed: int = 1) -> tuple[Floats, Flags]:
    """Normal LLRs that mean what they say: mean plus and minus d²/2, variance d²."""
    rng = np.random.default_rng(seed)
    mated = np.arange(count) % 2 == 0
    return np.where(mated, 0.5, -0.5) * d**2 + d * rng.standard_normal(count), mated


def test_no_line_does_better_than_the_best_line() -> None:
    llrs, mated = calibrated(2000)
    best = line_cllr(llrs, mated)
    tried = [cllr(a * llrs + b, mated) for a in (0.7, 0.9, 1, 1.1, 1.4) for b in (-1, -0.2, 0, 0.5)]
    assert min_cllr(llrs, mated) < best <= min(tried) + 1e-6


def test_the_best_line_takes_back_a_scale_and_a_shift() -> None:
    llrs, mated = calibrated(2000)
    assert line_cllr(0.3 * llrs + 4, mated) == pytest.approx(line_cllr(llrs, mated), abs=1e-4)


def test_a_perfect_system_lies_above_its_minimum_by_what_the_simulation_says() -> None:
    llrs, mated = calibrated(2000)
    found = over_minimum(llrs, mated, np.arange(2000))
    assert found is not None
    chance = found["independent"]
    assert 1 < chance["low"] < chance["median"] < chance["high"]
    assert chance["low"] * 0.9 < found["measured"] < chance["high"] * 1.1


def test_fewer_trials_leave_a_perfect_system_further_above_its_minimum() -> None:
    few, many = (
        over_minimum(*calibrated(count), np.arange(count), draws=50) for count in (300, 6000)
    )
    assert few is not None
    assert many is not None
    assert few["independent"]["median"] > many["independent"]["median"]


def test_a_bad_calibration_stands_out_of_what_chance_makes() -> None:
    llrs, mated = calibrated(2000)
    found = over_minimum(3 * llrs + 2, mated, np.arange(2000), draws=50)
    assert found is not None
    assert found["measured"] > 1.2 * found["independent"]["high"]


def test_unscored_trials_are_left_out() -> None:
    llrs, mated = calibrated(600)
    people = np.arange(600)
    gone = np.concatenate([llrs, [np.nan, np.nan]])
    with_gone = over_minimum(
        gone, np.append(mated, [True, False]), np.append(people, [600, 601]), draws=5
    )
    assert with_gone == over_minimum(llrs, mated, people, draws=5)


@pytest.mark.parametrize(
    ("llrs", "mated"),
    [
        ([1.0, 2.0], [True, True]),
        ([1.0, 2.0], [False, False]),
        ([-3.0, -2.0, 2.0, 3.0], [False, False, True, True]),  # no error, no separation to match
        ([np.nan, np.nan], [True, False]),
    ],
)
def test_nothing_is_said_where_trials_tell_nothing(llrs: list[float], mated: list[bool]) -> None:
    assert over_minimum(np.array(llrs), np.array(mated), np.arange(len(llrs))) is None


def test_the_share_of_a_person_is_what_was_drawn() -> None:
    rng = np.random.default_rng(3)
    person = np.repeat(np.arange(400), 10)
    own = rng.standard_normal(4000)
    common = rng.standard_normal(400)[person]
    assert person_share(np.sqrt(0.6) * common + np.sqrt(0.4) * own, person) == pytest.approx(
        0.6, abs=0.06
    )
    assert person_share(own, person) < 0.05
    assert person_share(common, person) == pytest.approx(1.0)


def test_who_has_one_value_each_shares_nothing() -> None:
    assert person_share(np.array([1.0, 2.0, 3.0]), np.array([0, 1, 2])) == 0.0
    assert person_share(np.array([1.0, 2.0, 3.0]), np.array([5, 5, 5])) == 0.0
