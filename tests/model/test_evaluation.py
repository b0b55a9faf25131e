from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from model.data.embed import Memo
from model.evaluation import report
from model.evaluation.scores_file import COLUMNS, write_scores
from model.evaluation.scoring import FACE_MATED, VOICE_MATED, Scores


def made_up_scores(*, missing: str | None = None) -> Scores:
    rng = np.random.default_rng(2)
    kinds = np.tile(["genuine", "impostor_both", "impostor_voice", "impostor_face"], 100)
    face = 4.0 * np.isin(kinds, FACE_MATED) - 2 + rng.standard_normal(400)
    voice = 4.0 * np.isin(kinds, VOICE_MATED) - 2 + 2 * rng.standard_normal(400)
    fused, mated = np.minimum(face, voice), kinds == "genuine"
    if missing == "face":
        face, fused, mated = np.full(400, np.nan), voice, np.isin(kinds, VOICE_MATED)
    people = np.arange(400) // 20
    return Scores(
        face=face,
        voice=voice,
        fused=fused,
        mated=mated,
        kind=kinds,
        source=np.repeat(["here", "there"], 200),
        chimera=np.array([f"p{number:02}" for number in people]),
        groups={"voice gender": np.array(["f", "m", "", "f"])[people % 4]},
        missing=missing,
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
    assert found["fused_is"] is None
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_groups_are_the_claimed_persons() -> None:
    found = report.summary(made_up_scores(), rounds=5)
    parts = found["by_group"]["voice gender"]
    assert {value: row["people"] for value, row in parts.items()} == {"f": 10, "m": 5}
    alone = found["alone_by_group"]["voice gender"]
    assert alone["f"]["mated"] == 100  # both kinds with the right voice, of 200 trials
    assert parts["f"]["mated"] == 50


def test_without_a_face_the_voice_decides_and_the_report_says_so() -> None:
    found = report.summary(made_up_scores(missing="face"), rounds=5)
    assert (found["missing"], found["fused_is"], found["face"]) == ("face", "voice", None)
    assert found["all"]["mated"] == 200
    assert found["all"]["eer"] == found["voice"]["eer"]
    about = {"default": {"conditions": {"clean-face": found}}}
    assert report.remarks(about) == ["default, clean-face: no face; fused is the voice's own LLR"]


def test_trials_without_a_score_are_told() -> None:
    scores = made_up_scores()
    scores.fused[:7] = scores.face[:9] = np.nan
    found = report.summary(scores, rounds=5)
    assert (found["all"]["trials"], found["all"]["unscored"]) == (393, 7)
    faces, scored = report.remarks({"peer": {"conditions": {"clean": found}}})
    assert "9 trials without a face LLR" in faces
    assert "7 trials got no score" in scored


def test_no_error_among_few_people_is_not_told_as_none_at_all() -> None:
    scores = made_up_scores()
    scores.fused[:] = np.where(scores.mated, 5.0, -5.0)
    found = report.summary(scores, rounds=5)
    people = found["all"]["people"]
    (said,) = report.remarks({"default": {"conditions": {"clean": found}}})
    assert f"no error among {people} people" in said
    assert f"{100 * (1 - 0.05 ** (1 / people)):.1f} % of people" in said


def test_table_has_a_row_for_each_figure() -> None:
    found = report.summary(made_up_scores(), rounds=5)
    about = {"conditions": {"clean": found, "noisy": found}}
    lines = report.table({"default": about}).splitlines()
    assert len(lines) == 2 + 2 * (1 + 3 + 2 + 2 + 2 + 2 + 2)
    both = report.table({"default": about, "peer": about}).splitlines()
    assert len(both) == 2 * len(lines) - 2
    assert both[2].startswith("| default | clean | all | 100 / 300 |")
    for one in (lines, both):
        assert len({line.count("|") for line in one}) == 1


def test_scores_file_leaves_out_what_is_missing(tmp_path: Path) -> None:
    scores, path = made_up_scores(missing="face"), tmp_path / "new" / "scores.csv"
    write_scores(path, [("default", "clean-face", scores)], several=False)
    with path.open(newline="") as file:
        header, first, *rest = csv.reader(file)
    assert tuple(header) == COLUMNS
    assert first[:5] == ["clean-face", "p00", "genuine", "1", ""]
    assert float(first[5]) == float(first[6])
    assert len(rest) == 399
    write_scores(path, [("a", "clean", scores), ("b", "clean", scores)], several=True)
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["system", *COLUMNS]
    assert [row[0] for row in rows] == ["a"] * 400 + ["b"] * 400


def test_memo_asks_the_tower_once_and_survives_a_cut(tmp_path: Path) -> None:
    path, asked = tmp_path / "memo.bin", []

    def make(value: float) -> np.ndarray:
        asked.append(value)
        return np.full(3, value, np.float32)

    for _ in range(2):
        memo = Memo(path, 3)
        for value in (1.0, 2.0):
            assert memo.get(np.array([value]), lambda v=value: make(v)).tolist() == [value] * 3  # type: ignore[misc]
    assert asked == [1.0, 2.0]
    path.write_bytes(path.read_bytes()[:-5])
    Memo(path, 3).get(np.array([1.0]), lambda: make(1.0))
    assert asked == [1.0, 2.0]
