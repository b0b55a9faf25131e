from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model.evaluation.figures_file import folded, layered, unfolded, write_figures

ROW = {
    "trials": 716,
    "line_cllr": 0.04530556,
    "eer": 0.00898011,
    "eer_interval": [0.00319838, 0.01714544],
    "precision": None,
    "precision_interval": None,
    "recall": 1.0,
    "recall_interval": None,
    "cllr": 0.04652724,
    "cllr_interval": [0.02544548, 0.07785937],
}


def test_a_figure_and_its_interval_are_one_list_to_the_digits_shown() -> None:
    assert folded(ROW) == {
        "trials": 716,
        "line_cllr": 0.045,
        "eer": [0.009, 0.0032, 0.0171],
        "precision": None,
        "recall": [1.0],
        "cllr": [0.047, 0.025, 0.078],
    }


def test_what_was_folded_unfolds_to_the_same_rows() -> None:
    found = {"conditions": {"clean": {"all": ROW, "by_kind": {"both": ROW, "none": None}}}}
    back = unfolded(json.loads(layered(folded(found))))
    row = back["conditions"]["clean"]["by_kind"]["both"]
    assert row.keys() == ROW.keys()
    assert row["eer_interval"] == [0.0032, 0.0171]
    assert (row["recall"], row["recall_interval"], row["precision_interval"]) == (1.0, None, None)
    assert back["conditions"]["clean"]["by_kind"]["none"] is None
    assert folded(back) == folded(found)


def test_times_and_ratios_have_two_digits() -> None:
    found = {"over_minimum": {"measured": 1.37761}, "time": {"ratio": 1.8249, "face": [157.5649]}}
    shown = {"over_minimum": {"measured": 1.38}, "time": {"ratio": 1.82, "face": [157.56]}}
    assert folded(found) == shown


def test_a_row_stands_on_one_line(tmp_path: Path) -> None:
    conditions: dict[str, Any] = {"clean": {"all": ROW, "by_kind": {"both": ROW, "face": ROW}}}
    path = tmp_path / "new" / "figures.json"
    write_figures(path, {"format": 3, "systems": {"default": {"conditions": conditions}}})
    lines = path.read_text().splitlines()
    assert sum('"trials"' in line for line in lines) == 3
    assert len(lines) < 20
    kept = json.loads(path.read_text())["systems"]["default"]["conditions"]
    assert kept["clean"]["all"]["eer"] == [0.009, 0.0032, 0.0171]


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        layered({"a": {"b": {"c": float("nan")}}})
