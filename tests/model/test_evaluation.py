from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from model.evaluation import metrics


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


def test_weights_count_trials_repeatedly() -> None:
    scores, mated = gaussian_scores(1.5, 200)
    weights = np.random.default_rng(0).integers(0, 4, 200)
    repeated = np.repeat(np.arange(200), weights)
    assert metrics.equal_error_rate(scores, mated, weights.astype(np.float64)) == pytest.approx(
        metrics.equal_error_rate(scores[repeated], mated[repeated])
    )


def test_bootstrap_interval_holds_the_estimate_and_follows_the_seed() -> None:
    scores, mated = gaussian_scores(2.0, 2000)
    people = np.arange(2000) // 20
    low, high = metrics.bootstrap_interval(scores, mated, people, rounds=100, seed=5)
    assert low < metrics.equal_error_rate(scores, mated) < high
    assert (low, high) == metrics.bootstrap_interval(scores, mated, people, rounds=100, seed=5)
