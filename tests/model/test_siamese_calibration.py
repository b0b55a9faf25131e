from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.errors import PackError, WeightsError
from model.evaluation.metrics import cllr, min_cllr
from model.runtime.comparator import CalibrationSet, load_comparator
from model.runtime.weights import Weights
from model.siamese import calibrate_command, drawn
from model.siamese.artifacts import CALIBRATION_FILE, write_fusion
from model.siamese.calibration import evidence_limit, fit_calibration, operating_points
from tests.support.siamese_media import (
    SETTINGS,
    PatternEmbedder,
    exported_network,
    write_list,
    write_pack,
)

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def gaussian_llrs(count: int, *, separation: float = 6.0) -> tuple[Floats, Flags]:
    """LLRs that are calibrated: normal with means plus and minus s, variance 2 s."""
    rng = np.random.default_rng(1)
    mated = np.arange(count) % 2 == 0
    noise = np.sqrt(2 * separation) * rng.standard_normal(count)
    return np.where(mated, separation, -separation) + noise, mated


def test_it_takes_back_a_scale_and_a_shift() -> None:
    llrs, mated = gaussian_llrs(20_000, separation=3.0)
    found = fit_calibration((llrs - 1.5) / 0.4, mated, limit=50)
    assert found.scale == pytest.approx(0.4, rel=0.05)
    assert found.offset == pytest.approx(1.5, abs=0.1)


def test_cllr_falls_to_near_its_minimum() -> None:
    llrs, mated = gaussian_llrs(4000, separation=3.0)
    scores = 3 * llrs + 20
    calibrated = fit_calibration(scores, mated, limit=50).llrs(scores)
    assert cllr(scores, mated) > 1
    assert cllr(calibrated, mated) < 1.05 * min_cllr(scores, mated)


def test_classes_count_alike_however_many_trials_they_have() -> None:
    llrs, mated = gaussian_llrs(20_000, separation=3.0)
    kept = mated | (np.arange(20_000) % 20 == 1)
    found = fit_calibration(llrs[kept], mated[kept], limit=50)
    assert found.offset == pytest.approx(0.0, abs=0.25)


def test_a_weight_counts_as_that_many_trials() -> None:
    llrs, mated = gaussian_llrs(300, separation=2.0)
    weights = np.random.default_rng(0).integers(1, 4, 300)
    weighted = fit_calibration(llrs, mated, limit=9, weights=weights.astype(np.float64))
    repeated = fit_calibration(np.repeat(llrs, weights), np.repeat(mated, weights), limit=9)
    assert (weighted.scale, weighted.offset) == pytest.approx(
        (repeated.scale, repeated.offset), rel=1e-3
    )


def test_no_llr_goes_beyond_the_limit() -> None:
    llrs, mated = gaussian_llrs(500)
    found = fit_calibration(llrs, mated, limit=4.0)
    calibrated = found.llrs(10 * llrs)
    assert (calibrated.min(), calibrated.max()) == (-4.0, 4.0)
    assert found.llr(1e9) == 4.0
    assert found.llr(0.0) == pytest.approx(found.offset)


def test_the_limit_grows_with_the_pairs_that_were_seen() -> None:
    assert evidence_limit(1000) == pytest.approx(np.log(1000))
    assert 0 < evidence_limit(0) == evidence_limit(2) < evidence_limit(10)


def test_operating_points_reach_their_rates() -> None:
    llrs, mated = gaussian_llrs(40_000)
    points = operating_points(llrs, mated)
    assert set(points) == {"fmr_1e-2", "fmr_1e-3", "balanced"}
    for name, rate in (("fmr_1e-2", 1e-2), ("fmr_1e-3", 1e-3)):
        fmr = (llrs[~mated] >= points[name]).mean()
        assert 0.9 * rate < fmr <= rate
    fmr = (llrs[~mated] >= points["balanced"]).mean()
    fnmr = (llrs[mated] < points["balanced"]).mean()
    assert fmr == pytest.approx(fnmr, abs=2e-4)


def test_a_rate_that_the_limit_hides_still_has_a_finite_threshold() -> None:
    llrs, mated = gaussian_llrs(4000, separation=2.0)
    short = np.clip(llrs, -3.0, 3.0)
    points = operating_points(short, mated)
    assert (short[~mated] >= 3.0).mean() > 1e-3
    assert 3.0 < points["fmr_1e-3"] < 3.0 + 1e-6
    assert json.loads(json.dumps(points, allow_nan=False)) == points


@pytest.fixture(scope="module")
def ten_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("ten"), people=10, files=3)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A network with its calibration; the towers are stood for by ``PatternEmbedder``."""
    folder = tmp_path / "weights"
    folder.mkdir()
    write_fusion(folder, exported_network(), SETTINGS)
    return folder


@pytest.fixture(autouse=True)
def _stub_towers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "Embedder", PatternEmbedder)
    monkeypatch.setattr(drawn, "DRAWN_TRIALS", 600)


def calibrate(pack: Path, weights: Path, *more: str) -> int:
    return calibrate_command.main(["--pack", str(pack), "--weights", str(weights), *more])


def test_calibrate_fits_to_the_people_at_hand(
    ten_people: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate(ten_people, weights) == 0
    loaded = Weights.load(weights)
    found = CalibrationSet.read(weights / CALIBRATION_FILE)
    assert found.made_by["pack"] == ten_people.name
    assert found.made_by["people"] == 10
    assert found.name == SETTINGS.name
    assert found.fused != SETTINGS.fused
    assert found.fused.limit == pytest.approx(evidence_limit(45))
    assert load_comparator(loaded).operating_points == found.points
    assert np.isfinite(list(found.points.values())).all()
    fused = next(line for line in capsys.readouterr().out.splitlines() if "fused" in line)
    before, after, least = (float(word) for word in fused.replace(",", "").split() if "." in word)
    assert least <= after < before


def test_a_dry_run_writes_nothing(
    ten_people: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {file.name: file.read_bytes() for file in weights.iterdir()}
    assert calibrate(ten_people, weights, "--dry-run") == 0
    assert "operating points: " in capsys.readouterr().out
    assert {file.name: file.read_bytes() for file in weights.iterdir()} == before


def test_too_few_people_are_refused(tmp_path: Path, weights: Path) -> None:
    before = (weights / CALIBRATION_FILE).read_bytes()
    few = write_pack(tmp_path / "few", people=3, files=2)
    with pytest.raises(PackError, match=r"3 people .* needs 10 at least"):
        calibrate(few, weights)
    assert (weights / CALIBRATION_FILE).read_bytes() == before


def test_weights_without_a_network_are_refused(ten_people: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError):
        calibrate(ten_people, tmp_path)


def write_trials(pack: Path, kinds: tuple[str, ...]) -> None:
    """Each person is enrolled with the first two files and probed with the third ones."""
    people = range(10)
    chimeras = [
        (f"p{p}", f"patterns/{p:02}", f"noises/{p:02}", f"{p}_0.png;{p}_1.png", f"{p}_0.wav")
        for p in people
    ]
    trials = []
    for p in people:
        other = (p + 1) % 10
        for kind in kinds:
            face = p if kind in ("genuine", "impostor_voice") else other
            voice = p if kind in ("genuine", "impostor_face") else other
            label = str(int(kind == "genuine"))
            trials.append((f"p{p}", kind, label, f"{face}_2.png", f"{voice}_2.wav"))
    columns = ("chimera", "face_identity", "voice_identity", "enroll_faces", "enroll_voices")
    write_list(pack / "chimeras.csv", columns, chimeras)
    columns = ("chimera", "kind", "label", "probe_face", "probe_voice")
    write_list(pack / "trials.csv", columns, trials)


def test_a_packs_own_trials_come_first(tmp_path: Path, weights: Path) -> None:
    pack = write_pack(tmp_path / "own", people=10, files=3)
    write_trials(pack, ("genuine", "impostor_both", "impostor_voice", "impostor_face"))
    assert calibrate(pack, weights) == 0
    found = CalibrationSet.read(weights / CALIBRATION_FILE)
    assert (found.made_by["people"], found.made_by["trials"]) == (10, 40)
    assert found.fused.limit == pytest.approx(evidence_limit(30))


def test_trials_without_impostors_are_refused(tmp_path: Path, weights: Path) -> None:
    pack = write_pack(tmp_path / "own", people=10, files=3)
    write_trials(pack, ("genuine",))
    with pytest.raises(PackError, match="impostor"):
        calibrate(pack, weights)
