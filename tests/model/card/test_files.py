from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model.evaluation import report
from tests.support.card_media import (
    put,
)


def break_format(found: dict[str, Any]) -> None:
    found["format"] = 1


def break_pack(found: dict[str, Any]) -> None:
    del found["pack"]


def break_condition(found: dict[str, Any]) -> None:
    del found["systems"]["default"]["conditions"]["call"]["by_kind"]


def break_row(found: dict[str, Any]) -> None:
    found["systems"]["default"]["conditions"]["call"]["by_kind"]["impostor_face"]["eer"] = "0.1"


def break_interval(found: dict[str, Any]) -> None:
    found["systems"]["default"]["conditions"]["call"]["face"]["eer_interval"] = [0.1]


def break_time(found: dict[str, Any]) -> None:
    found["time"] = {"windows": 3}


def break_system(found: dict[str, Any]) -> None:
    found["systems"]["other"] = found["systems"].pop("default")


def break_model(found: dict[str, Any]) -> None:
    found["systems"]["default"]["model"] = "sface-campplus-00000000"


def break_conditions(found: dict[str, Any]) -> None:
    found["systems"]["default"]["conditions"] = {}


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (break_format, f"is of format 1 where the card reads {report.FORMAT}: write it again"),
        (break_pack, "lacks pack"),
        (break_condition, "lacks by_kind of default, call"),
        (break_row, "holds no number as eer of default, call, by_kind impostor_face"),
        (break_interval, "garbles eer_interval of default, call, face"),
        (break_time, "lacks window_s, environment, systems of time"),
        (break_system, "lacks the system 'default'"),
        (break_model, "evaluate those, or name the others with --weights"),
        (break_conditions, "has no condition with face and voice"),
    ],
)
def test_evaluations_that_cannot_be_read_are_refused(
    refused: Callable[..., str], evaluation: dict[str, Any], damage: Callable[..., None], says: str
) -> None:
    damage(evaluation)
    assert says in refused(evaluation)


def test_evaluations_of_other_packs_and_models_are_not_mixed(
    refused: Callable[..., str], evaluation: dict[str, Any]
) -> None:
    more = json.loads(json.dumps(evaluation))
    more["pack"] = "yours"
    assert "is of another pack than the files before it" in refused([evaluation, more])
    more["pack"] = "mine"
    more["systems"]["default"]["comparator"] = "made-2"
    assert "is of another default" in refused([evaluation, more])


@pytest.mark.parametrize(
    ("option", "content", "says"),
    [
        (
            "--known",
            {"both": {"pairs": 1}},
            "lacks mated, accuracy, precision, recall, eer of both",
        ),
        ("--validation", {"held_out": {}}, "lacks command, pack"),
        ("--validation", [], "holds no JSON object"),
        ("--speed", {"folders": {}, "repeats": 1}, "holds no towers"),
        (
            "--speed",
            {"folders": {"a": {}}, "repeats": 1},
            "lacks times, face_bytes, voice_bytes of a",
        ),
    ],
)
def test_other_files_that_cannot_be_read_are_refused(
    refused: Callable[..., str],
    evaluation: dict[str, Any],
    tmp_path: Path,
    option: str,
    content: Any,
    says: str,
) -> None:
    assert says in refused(evaluation, option, put(tmp_path / "other.json", content))


def test_garbled_files_and_runs_of_others_are_refused(
    refused: Callable[..., str], evaluation: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "known.json"
    path.write_text("{")
    assert "cannot read" in refused(evaluation, "--known", path)
    path.write_text('{"both": {"eer": NaN}}')
    assert "it holds NaN, which is no number" in refused(evaluation, "--known", path)
    assert "cannot read" in refused(evaluation, "--training", tmp_path)
    put(tmp_path / "run" / "config.json", {"system": "ancestor"})
    put(tmp_path / "run" / "history.json", {})
    assert "is a run of 'ancestor'" in refused(evaluation, "--training", tmp_path / "run")
    put(tmp_path / "run" / "config.json", {"system": "default"})
    put(tmp_path / "run" / "history.json", {"fusion": [{"accuracy": 1}]})
    assert "lacks loss of fusion" in refused(evaluation, "--training", tmp_path / "run")
    kept = put(tmp_path / "kept.json", {"config": {"system": "default"}, "stages": {"fusion": {}}})
    assert "lacks epochs, first, last of fusion" in refused(evaluation, "--training", kept)
