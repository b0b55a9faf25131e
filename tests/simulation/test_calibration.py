from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from model.data.packs import Pack
from model.errors import ModelError, PackError
from model.runtime.weights import Weights
from stream_verifier.errors import SettingsError
from stream_verifier.simulation import calibration, posterior
from stream_verifier.simulation.fit import fit_evidence
from stream_verifier.simulation.impostor_calls import WAYS, Attempt
from stream_verifier.simulation.pack_calls import play_pack
from stream_verifier.verify.operating import DecisionModel, OperatingPoint
from tests.support.commands import run
from tests.support.simulated_calls import EVIDENCE, draw_calls, make_call, make_role, make_script

ADA, EVE = make_role("ada"), make_role("eve")
quick_fit = functools.partial(fit_evidence, passes=25)
ATTEMPTS = [
    Attempt(way, ADA, EVE, make_call(make_script(), [(-6.0, -6.0)]))
    for way in WAYS
    for _ in range(3000)
]
OLD = DecisionModel(evidence=EVIDENCE, points={"alarm_8h": OperatingPoint(accept=2.0, reject=-3.0)})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights folder with a decision in it, and calls that need no pack."""
    weights = tmp_path / "weights"
    weights.mkdir()
    calibration.write(weights, OLD)

    def played(pack: Pack, weights: Weights, *, calls: int, seed: int, **rest: Any) -> Any:
        return [], draw_calls(calls, seed=seed, strength=1.0, length_s=30.0)

    def load(directory: Path | None = None) -> Weights:
        manifest = json.loads((weights / "manifest.json").read_text())
        return Weights(weights, manifest)

    monkeypatch.setattr(calibration, "play_pack", played)
    monkeypatch.setattr(calibration, "attempted", lambda *_, **__: [("clean", [ATTEMPTS])])
    monkeypatch.setattr(
        posterior, "fit_evidence", lambda *calls, **k: quick_fit(*calls, **k | {"passes": 5})
    )
    monkeypatch.setattr(calibration, "fit_evidence", quick_fit)
    monkeypatch.setattr(calibration.Weights, "load", load)  # type: ignore[attr-defined]
    return weights


def test_it_writes_a_decision_that_can_be_loaded(folder: Path, tmp_path: Path) -> None:
    text = run("calibrate-decision", "--pack", tmp_path, "--calls", "8")
    made = DecisionModel.load(calibration.Weights.load())  # type: ignore[attr-defined]
    assert set(made.points) == {"alarm_8h", "alarm_2h", "strict"}
    assert made.made_by["calls"] == 8
    assert made.made_by["seed"] == 1
    point = made.points["alarm_8h"]
    assert "8 genuine hours" in point.target
    assert point.measured["genuine hours, clean"] > 0
    assert "alarm_8h" in text
    assert "decision.json" in text


def test_states_can_be_kept_while_what_is_believed_is_fitted(folder: Path, tmp_path: Path) -> None:
    text = run("calibrate-decision", "--pack", tmp_path, "--calls", "8", "--keep-states")
    made = DecisionModel.load(calibration.Weights.load())  # type: ignore[attr-defined]
    kept, old = made.points["alarm_8h"], OLD.points["alarm_8h"]
    assert (kept.accept, kept.reject) == (old.accept, old.reject)
    assert kept.sure is not None
    assert made.evidence.model_copy(update={"posterior": None}) == OLD.evidence
    assert made.points["strict"].sure is not None
    assert made.made_by["posterior"]["calls"] == 8
    assert "strict" in text


def test_a_dry_run_writes_nothing(folder: Path, tmp_path: Path) -> None:
    before = (folder / "decision.json").read_text(), (folder / "manifest.json").read_text()
    text = run("calibrate-decision", "--pack", tmp_path, "--calls", "8", "--dry-run", "--json")
    told = json.loads(text)
    assert told["written"] is False
    assert told["before"] == OLD.model_dump()
    assert told["fit"]["after"].keys() == {"face", "voice", "both"}
    after = (folder / "decision.json").read_text(), (folder / "manifest.json").read_text()
    assert after == before


def test_without_a_decision_the_search_starts_from_a_first_guess(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calibration, "fit_evidence", quick_fit)
    made_by = {"pack": "mine"}
    calls = draw_calls(8, strength=1.0, length_s=30.0)
    done = calibration.calibrate(calls, None, seed=1, made_by=made_by)
    assert done.before is None
    assert done.measured_before == {}
    assert done.after.made_by.items() > made_by.items()
    assert 0 < done.after.made_by["noticed_and_verified_s"] <= 60
    assert calibration.points_table(done).row_count > 4


def refused(*arguments: str | Path) -> str:
    with pytest.raises(ModelError) as caught:
        run("calibrate-decision", *arguments)
    return str(caught.value)


def test_a_pack_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert "no data pack" in refused("--pack", tmp_path / "nowhere")
    assert "has no" in refused("--pack", tmp_path)


def test_too_few_people_are_said(tmp_path: Path) -> None:
    (tmp_path / "faces.csv").write_text("source,identity,file,flag\n")
    (tmp_path / "voices.csv").write_text("source,identity,file,seconds,flag\n")
    assert "0 people" in refused("--pack", tmp_path)


def test_calls_must_cover_all_kinds_and_conditions(tmp_path: Path) -> None:
    weights = Weights(tmp_path, {"parts": {}, "space": "s"})
    with pytest.raises(PackError, match="too few"):
        play_pack(Pack(tmp_path), weights, calls=5)
    with pytest.raises(PackError, match="unknown condition"):
        play_pack(Pack(tmp_path), weights, calls=500, conditions=["underwater"])
    with pytest.raises(SettingsError, match="no kind of call duet: use genuine"):
        play_pack(Pack(tmp_path), weights, calls=500, kinds=("genuine", "duet"))
