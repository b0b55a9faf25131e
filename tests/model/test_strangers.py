"""Face and voice joined in doubt, and how that doubt is fitted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.errors import PackError, WeightsError
from model.evaluation.metrics import cllr
from model.runtime.comparator import Calibration, CalibrationSet, FusedNetwork, load_comparator
from model.runtime.joint import Joint
from model.runtime.litert import LiteRtModel
from model.runtime.weights import Weights
from model.siamese import strangers_command
from model.siamese.artifacts import CALIBRATION_FILE, joined_inputs, write_fusion
from model.siamese.strangers import TOLERATED, Source, fit_joint, left_out, shares_of
from tests.support.siamese_media import (
    SETTINGS,
    PatternEmbedder,
    exported_network,
    random_inputs,
    write_pack,
)

SHARES = (0.2, 0.5, 0.3)
LINE = Calibration(scale=1.0, offset=0.0, limit=20.0)


def source(people: int, *, odd: float = 0.0, shift: float = 0.0, seed: int = 0) -> Source:
    """Calibrated scores; of a share of the genuine ones the voice is a stranger's."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(4, 8000, p=(1 / 2, *(np.array(SHARES) / 2)))
    own_face, own_voice = np.isin(kind, (0, 2)), np.isin(kind, (0, 3))
    heard = own_voice & ~((kind == 0) & (rng.random(8000) < odd))
    face, voice = (
        np.where(own, 4.0, -4.0) + np.sqrt(8.0) * rng.standard_normal(8000)
        for own in (own_face, heard)
    )
    voice = voice - shift
    both = Joint(SHARES, unlike=0.0, gain=0.0).scores(face, voice)
    return Source(people, face, voice, both, kind == 0)


def test_without_doubt_it_says_what_the_network_says(tmp_path: Path) -> None:
    write_fusion(tmp_path, exported_network(), SETTINGS)
    network = FusedNetwork(LiteRtModel(tmp_path / "fusion.tflite"), SETTINGS)
    rows = np.array([network.run(row) for row in joined_inputs(random_inputs(50))])
    face, voice, both = rows.T
    mild = np.abs(rows).max(axis=1) < 30
    shares = shares_of([Source(50, face[mild], voice[mild], both[mild], both[mild] > 0)])
    plain = Joint(shares, unlike=0.0, gain=0.0)
    np.testing.assert_allclose(plain.scores(face, voice)[mild], both[mild], atol=1e-3)


def test_no_voice_takes_more_than_the_doubt_allows() -> None:
    joint = Joint(SHARES, unlike=0.01, gain=0.0)
    heard = joint.voices(np.array([-1000.0, -2.0, 0.0, 9.0]))
    assert heard[0] == pytest.approx(np.log(0.01))
    assert heard[2:] == pytest.approx([0.0, 9.0], abs=0.011)
    assert (np.diff(heard) > 0).all()
    wrong = Joint(SHARES, unlike=0.0, gain=0.0).scores(np.array(9.0), np.array(-1000.0))
    assert wrong < -900 < joint.scores(np.array(9.0), np.array(-1000.0)) < -3


def test_a_wrong_face_counts_as_before_where_the_voice_is_right() -> None:
    face, voice = np.array([-8.0, -3.0]), np.array([9.0, 9.0])
    plain, doubting = (Joint(SHARES, unlike=u, gain=0.0).scores(face, voice) for u in (0.0, 0.01))
    np.testing.assert_allclose(doubting, plain, atol=0.02)


def test_a_fit_finds_how_many_genuine_voices_are_odd_and_how_much_they_lack() -> None:
    odd = [source(20, odd=0.05, shift=1.0), source(30, odd=0.05, shift=1.0, seed=1)]
    found = fit_joint(odd, SHARES, LINE)
    assert found.unlike == pytest.approx(0.05, abs=0.025)
    assert found.gain == pytest.approx(1.0, abs=0.25)
    plain = Joint(SHARES, unlike=0.0, gain=0.0)
    assert odd[0].cllr(found, LINE) < 0.9 * odd[0].cllr(plain, LINE)
    even = fit_joint([source(20)], SHARES, LINE)
    assert even.unlike < 0.01
    assert even.gain == pytest.approx(0.0, abs=0.2)


def test_no_source_pays_for_what_another_gains() -> None:
    even, odd = source(20), source(20, odd=0.1, shift=1.0, seed=1)
    alone, both = fit_joint([odd], SHARES, LINE), fit_joint([even, odd], SHARES, LINE)
    plain = Joint(SHARES, unlike=0.0, gain=0.0)
    assert even.cllr(alone, LINE) > even.cllr(plain, LINE) + 2 * TOLERATED
    assert even.cllr(both, LINE) < even.cllr(plain, LINE) + 1.1 * TOLERATED
    assert odd.cllr(alone, LINE) < odd.cllr(both, LINE) < odd.cllr(plain, LINE)


def test_each_source_is_judged_by_what_the_others_taught_and_small_ones_teach_nothing() -> None:
    sources = {
        "calm": source(20),
        "odd": source(20, odd=0.1, seed=1),
        "few": source(4, odd=0.5, seed=2),
    }
    found = left_out(sources, SHARES, LINE)
    assert found["calm"].after > found["calm"].before
    assert found["odd"].after == pytest.approx(found["odd"].before, rel=0.05)
    of_odd = fit_joint([sources["odd"]], SHARES, LINE)
    assert found["calm"].after == pytest.approx(sources["calm"].cllr(of_odd, LINE))
    for one in found.values():
        assert one.least <= one.after


def test_serving_joins_as_the_calibration_says(tmp_path: Path) -> None:
    joint = Joint(SHARES, unlike=0.02, gain=0.5)
    write_fusion(tmp_path, exported_network(), replace(SETTINGS, joint=joint))
    weights = Weights.load(tmp_path)
    row = joined_inputs(random_inputs(1))[0]
    serving, plain = load_comparator(weights), load_comparator(weights, joined=False)
    face, voice, both = serving.run(row)
    assert [face, voice] == plain.run(row)[:2]
    assert both == pytest.approx(float(joint.scores(np.array(face), np.array(voice))))
    assert both != pytest.approx(plain.run(row)[2], abs=1e-3)
    alone = row.copy()
    alone[-1] = 0
    assert serving.run(alone) == plain.run(alone)


def test_what_is_shipped_joins_by_the_shares_of_its_own_network() -> None:
    weights = Weights.load()
    shipped = CalibrationSet.read(weights.path("fusion_calibration"))
    assert shipped.joint is not None
    assert sum(shipped.joint.shares) == pytest.approx(1.0)
    plain = load_comparator(weights, joined=False)
    rows = np.array([plain.run(row) for row in joined_inputs(random_inputs(20))])
    face, voice, both = rows[np.abs(rows).max(axis=1) < 30].T
    joint = replace(shipped.joint, unlike=0.0, gain=0.0)
    np.testing.assert_allclose(joint.scores(face, voice), both, atol=5e-3)


def test_a_garbled_joint_is_told_by_name(tmp_path: Path) -> None:
    whole = json.loads(replace(SETTINGS, joint=Joint(SHARES, 0.01, 0.2)).text())
    path = tmp_path / "fusion.json"
    path.write_text(json.dumps(whole))
    assert CalibrationSet.read(path).joint == Joint(SHARES, 0.01, 0.2)
    garbled: list[object] = [{}, 3]
    garbled += [whole["joint"] | more for more in ({"shares": [1.0]}, {"gain": None})]
    for wrong in garbled:
        path.write_text(json.dumps(whole | {"joint": wrong}))
        with pytest.raises(WeightsError, match=r"fusion\.json"):
            CalibrationSet.read(path)


def test_the_command_fits_shows_each_source_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(strangers_command, "Embedder", PatternEmbedder)
    monkeypatch.setattr(strangers_command, "TRIALS", 200)
    folder = tmp_path / "weights"
    folder.mkdir()
    write_fusion(folder, exported_network(), SETTINGS)
    pack = write_pack(tmp_path / "twenty", people=20, files=3)
    arguments = ["--pack", str(pack), "--weights", str(folder)]
    with pytest.raises(PackError, match="two are needed"):
        strangers_command.main(arguments)
    lists = (pack / "voices.csv").read_text().splitlines()
    moved = [line.replace("noises,1", "others,1") for line in lists]
    (pack / "voices.csv").write_text("\n".join(moved) + "\n")
    assert strangers_command.main([*arguments, "--dry-run"]) == 0
    assert CalibrationSet.read(folder / CALIBRATION_FILE) == SETTINGS
    assert strangers_command.main(arguments) == 0
    found = CalibrationSet.read(folder / CALIBRATION_FILE)
    noted = {"command": "python -m model strangers", "pack": "twenty"}
    made_by = {**SETTINGS.made_by, "joint": noted}
    assert found == replace(SETTINGS, joint=found.joint, points=found.points, made_by=made_by)
    assert set(found.points) == set(SETTINGS.points)
    assert found.joint is not None
    told = capsys.readouterr().out
    assert f"unlike {found.joint.unlike:g}" in told
    assert {"noises", "others"} <= set(told.split())


def test_cllr_of_a_source_is_that_of_its_calibrated_joint_scores() -> None:
    one, joint = source(20), Joint(SHARES, unlike=0.01, gain=0.1)
    line = Calibration(scale=0.5, offset=1.0, limit=3.0)
    llrs = np.clip(0.5 * joint.scores(one.face, one.voice) + 1.0, -3, 3)
    assert one.cllr(joint, line) == pytest.approx(cllr(llrs, one.mated))
