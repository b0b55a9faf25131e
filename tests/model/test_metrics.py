from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from model.evaluation import metrics
from model.evaluation.figures import FIGURES, measure
from model.evaluation.metrics import Ladder


def gaussian_scores(separation: float, count: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    mated = np.arange(count) % 4 == 0
    return rng.standard_normal(count) + separation * mated, mated


def test_equal_error_rate_of_known_distributions() -> None:
    scores, mated = gaussian_scores(2.0)
    assert metrics.equal_error_rate(scores, mated) == pytest.approx(norm.cdf(-1.0), abs=0.006)


def test_perfect_separation_has_no_errors() -> None:
    scores, mated = np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])
    assert metrics.equal_error_rate(scores, mated) == 0
    assert metrics.fnmr_at_fmr(scores, mated, 1e-3) == 0
    assert metrics.threshold_at_fmr(scores, mated, 1e-3) == 0.8
    assert metrics.min_cllr(scores, mated) == 0


def test_all_scores_equal_is_chance() -> None:
    scores, mated = np.zeros(10), np.arange(10) < 5
    assert metrics.equal_error_rate(scores, mated) == pytest.approx(0.5)
    assert metrics.min_cllr(scores, mated) == pytest.approx(1.0)


def test_swapped_scores_are_always_wrong() -> None:
    scores, mated = np.array([0.0, 1.0]), np.array([True, False])
    assert metrics.equal_error_rate(scores, mated) == pytest.approx(1.0)


def test_one_sided_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="both mated and non-mated"):
        metrics.equal_error_rate(np.array([1.0]), np.array([True]))


def test_threshold_keeps_its_promise() -> None:
    scores, mated = gaussian_scores(3.0)
    threshold = metrics.threshold_at_fmr(scores, mated, 0.01)
    assert np.mean(scores[~mated] >= threshold) <= 0.01
    lower = scores[~mated & (scores < threshold)].max()
    assert np.mean(scores[~mated] >= lower) > 0.01 or lower < threshold
    fnmr = metrics.fnmr_at_fmr(scores, mated, 0.01)
    assert fnmr == pytest.approx(np.mean(scores[mated] < threshold))


def test_cllr_of_true_llrs_is_near_its_minimum() -> None:
    scores, mated = gaussian_scores(2.0)
    llrs = 2.0 * scores - 2.0
    assert metrics.cllr(llrs, mated) == pytest.approx(metrics.min_cllr(llrs, mated), rel=0.03)
    assert metrics.cllr(3 * llrs, mated) > 1.2 * metrics.min_cllr(llrs, mated)


def test_cllr_of_nothing_known_is_one_bit() -> None:
    assert metrics.cllr(np.zeros(4), np.array([True, False, True, False])) == pytest.approx(1.0)


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=60).filter(
        lambda rows: len({mated for _, mated in rows}) == 2
    )
)
def test_measures_only_depend_on_order(rows: list[tuple[int, bool]]) -> None:
    scores = np.array([float(score) for score, _ in rows])
    mated = np.array([flag for _, flag in rows])
    stretched = np.exp(scores / 3)
    assert metrics.equal_error_rate(scores, mated) == pytest.approx(
        metrics.equal_error_rate(stretched, mated)
    )
    assert metrics.min_cllr(scores, mated) == pytest.approx(metrics.min_cllr(stretched, mated))
    assert metrics.min_cllr(scores, mated) <= metrics.cllr(scores, mated) + 1e-9


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=80).filter(
        lambda rows: len({mated for _, mated in rows}) == 2
    ),
    st.floats(0.001, 0.9),
)
def test_a_ladder_loses_nothing(rows: list[tuple[int, bool]], target: float) -> None:
    scores = np.array([float(score) for score, _ in rows])
    mated = np.array([flag for _, flag in rows])
    (genuine,), (impostor,) = Ladder(scores, mated).counts(np.ones((1, 1)))
    fmr, fnmr = metrics.rates(genuine, impostor)
    assert (genuine.sum(), impostor.sum()) == (mated.sum(), (~mated).sum())
    assert metrics.crossing(fmr, fnmr) == pytest.approx(metrics.equal_error_rate(scores, mated))
    assert metrics.lowest_fnmr(fmr, fnmr, target) == metrics.fnmr_at_fmr(scores, mated, target)


def test_weights_count_people_repeatedly() -> None:
    scores, mated = gaussian_scores(1.5, 200)
    people = np.arange(200) // 5
    weights = np.random.default_rng(0).integers(0, 4, 40)
    genuine, impostor = Ladder(scores, mated, people).counts(weights[None].astype(np.float64))
    repeated = np.repeat(np.arange(200), weights[people])
    again, flags = scores[repeated], mated[repeated]
    eer = metrics.crossing(*metrics.rates(genuine, impostor))[0]
    assert eer == pytest.approx(metrics.equal_error_rate(again, flags))
    cost = metrics.hull_cost(genuine[0], impostor[0])
    assert cost == pytest.approx(metrics.min_cllr(again, flags))


def test_fmr_is_compared_with_its_target_exactly() -> None:
    scores = np.append(np.arange(300.0), 297.5)
    mated = np.arange(301) == 300
    # Three in 300 non-mated trials lie above 296: exactly 1 %, which is allowed.
    assert metrics.threshold_at_fmr(scores, mated, 0.01) == 297
    assert metrics.fnmr_at_fmr(scores, mated, 0.01) == 0


def test_a_row_agrees_with_the_plain_figures() -> None:
    scores, mated = gaussian_scores(2.0, 1200)
    llrs = 2.0 * scores - 2.0
    row = measure(llrs, mated, np.arange(1200) // 10, rounds=40)
    assert row is not None
    assert row["eer"] == pytest.approx(metrics.equal_error_rate(llrs, mated))
    assert row["fnmr_at_fmr_1e-2"] == pytest.approx(metrics.fnmr_at_fmr(llrs, mated, 1e-2))
    assert row["cllr"] == pytest.approx(metrics.cllr(llrs, mated))
    assert row["min_cllr"] == pytest.approx(metrics.min_cllr(llrs, mated))
    accepted = llrs > 0
    assert row["accuracy"] == pytest.approx(np.mean(accepted == mated))
    assert row["precision"] == pytest.approx(np.mean(mated[accepted]))
    assert row["recall"] == pytest.approx(np.mean(accepted[mated]))
    assert (row["trials"], row["mated"], row["people"]) == (1200, 300, 120)


def test_intervals_hold_their_figures_and_follow_the_seed() -> None:
    scores, mated = gaussian_scores(2.0, 2000)
    people = np.arange(2000) // 20
    row = measure(2 * scores - 2, mated, people, rounds=100, seed=5)
    assert row is not None
    for name in FIGURES:
        low, high = row[f"{name}_interval"]
        assert low <= row[name] <= high
    assert row["eer_interval"][0] < row["eer"] < row["eer_interval"][1]
    assert row == measure(2 * scores - 2, mated, people, rounds=100, seed=5)
    assert row != measure(2 * scores - 2, mated, people, rounds=100, seed=6)


def test_an_interval_of_one_person_says_nothing_less_than_the_figure() -> None:
    scores, mated = gaussian_scores(1.0, 100)
    row = measure(scores, mated, np.zeros(100, np.intp), rounds=10)
    assert row is not None
    assert row["eer_interval"] == [row["eer"], row["eer"]]


def test_what_trials_do_not_tell_is_none() -> None:
    llrs, people = np.array([1.0, -1.0, np.nan]), np.arange(3)
    row = measure(llrs, np.array([True, True, True]), people, rounds=5)
    assert row is not None
    assert (row["trials"], row["unscored"], row["non_mated"]) == (2, 1, 0)
    assert (row["eer"], row["cllr"], row["eer_interval"]) == (None, None, None)
    assert (row["recall"], row["accuracy"]) == (0.5, 0.5)
    assert measure(np.full(3, np.nan), np.array([True, False, True]), people) is None
