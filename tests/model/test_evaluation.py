from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from model.data.embed import Memo
from model.data.packs import Pack
from model.errors import PackError
from model.evaluation import metrics, report
from model.evaluation.scoring import Conditions, Scores, score


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


def made_up_scores() -> Scores:
    rng = np.random.default_rng(2)
    kinds = np.tile(["genuine", "impostor_both", "impostor_voice", "impostor_face"], 100)
    face = 4.0 * np.isin(kinds, report.FACE_MATED) - 2 + rng.standard_normal(400)
    voice = 4.0 * np.isin(kinds, report.VOICE_MATED) - 2 + 2 * rng.standard_normal(400)
    return Scores(
        face=face,
        voice=voice,
        fused=np.minimum(face, voice),
        mated=kinds == "genuine",
        kind=kinds,
        source=np.repeat(["here", "there"], 200),
        person=np.arange(400) // 20,
    )


def test_summary_tells_kinds_sources_and_modalities_apart() -> None:
    found = report.summary(made_up_scores(), rounds=20)
    assert set(found["by_kind"]) == {"impostor_both", "impostor_voice", "impostor_face"}
    assert set(found["by_source"]) == {"here", "there"}
    assert found["all"]["mated"] == 100
    assert found["all"]["non_mated"] == 300
    assert found["face"]["mated"] == found["voice"]["mated"] == 200
    assert found["face"]["eer"] < found["voice"]["eer"]
    assert found["by_kind"]["impostor_both"]["eer"] < found["by_kind"]["impostor_voice"]["eer"]
    low, high = found["all"]["eer_interval"]
    assert low <= found["all"]["eer"] <= high


def test_table_has_a_row_for_each_figure() -> None:
    found = report.summary(made_up_scores(), rounds=5)
    lines = report.table({"clean": found, "noisy": found}).splitlines()
    assert len(lines) == 2 + 2 * (1 + 3 + 2 + 2 + 2)
    assert len({line.count("|") for line in lines}) == 1


def test_memo_asks_the_tower_once_and_survives_a_cut(tmp_path: Path) -> None:
    path, asked = tmp_path / "memo.bin", []

    def make(value: float) -> np.ndarray:
        asked.append(value)
        return np.full(3, value, np.float32)

    for _ in range(2):
        memo = Memo(path, 3)
        for value in (1.0, 2.0):
            assert memo.get(np.array([value]), lambda v=value: make(v)).tolist() == [value] * 3
    assert asked == [1.0, 2.0]
    path.write_bytes(path.read_bytes()[:-5])
    Memo(path, 3).get(np.array([1.0]), lambda: make(1.0))
    assert asked == [1.0, 2.0]


def test_an_unknown_condition_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="clean, noisy"):
        score(Pack(tmp_path), "foggy", None, None)  # type: ignore[arg-type]


def test_noisy_probes_differ_from_clean_ones_and_repeat(data_dir: Path) -> None:
    pack = Pack(data_dir / "dev")
    trial, made = pack.trials[0], Conditions(pack)
    clean, noisy = (made.voice(name, trial.voices) for name in Conditions.NAMES)
    ratio = np.mean(clean**2) / np.mean((noisy - clean) ** 2)
    assert 10 * np.log10(ratio) == pytest.approx(10, abs=0.5)
    assert np.array_equal(noisy, made.voice("noisy", trial.voices))
    assert not np.array_equal(made.face("clean", trial.face), made.face("noisy", trial.face))
