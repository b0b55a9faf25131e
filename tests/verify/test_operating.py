from __future__ import annotations

import json
from pathlib import Path

import pytest

from model.errors import WeightsError
from model.runtime.weights import Weights
from stream_verifier.errors import SettingsError
from stream_verifier.settings import Settings
from stream_verifier.verify.operating import DecisionModel, Sure
from tests.support.decision_media import EVIDENCE, POINT

MODEL = DecisionModel(evidence=EVIDENCE, points={"calm": POINT, "strict": POINT})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "decision.json"
    path.write_text(MODEL.text())
    assert DecisionModel.read(path) == MODEL


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": 9}, "another format"),
        ({"evidence": None}, "lacks or garbles"),
        ({"points": {"calm": {"accept": -1, "reject": -3}}}, "greater than 0"),
        ({"points": {"calm": {"accept": 1, "reject": float("nan")}}}, "finite number"),
    ],
)
def test_a_garbled_file_is_refused(tmp_path: Path, change: dict[str, object], problem: str) -> None:
    path = tmp_path / "decision.json"
    path.write_text(json.dumps(json.loads(MODEL.text()) | change))
    with pytest.raises(WeightsError, match=problem):
        DecisionModel.read(path)


def test_weights_without_a_decision_say_how_to_make_one(tmp_path: Path) -> None:
    weights = Weights(tmp_path, {"parts": {}, "space": "s"})
    with pytest.raises(WeightsError, match="calibrate-decision"):
        DecisionModel.load(weights)


def test_an_unknown_operating_point_names_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="calm, strict"):
        MODEL.point("bold")


def test_the_default_point_is_one_of_the_shipped_model() -> None:
    point = DecisionModel.load(Weights.load()).point(Settings().operating_point)
    assert point.reject < 0 < point.hold < point.accept


@pytest.mark.parametrize(
    ("change", "weaker"),
    [
        ({}, False),
        ({"accept": POINT.accept - 0.1}, True),
        ({"reject": POINT.reject - 0.1}, True),
        ({"accept": POINT.accept + 1, "sure": None}, True),
        ({"sure": Sure(face=1.9, voice=9.0)}, True),
        ({"sure": Sure(face=9.0, voice=0.9)}, True),
        ({"sure": Sure(face=2.0, voice=1.0)}, False),
    ],
)
def test_a_point_is_weaker_if_it_asks_for_less_of_anything(
    change: dict[str, object], weaker: bool
) -> None:
    floor = POINT.model_copy(update={"sure": Sure(face=2.0, voice=1.0)})
    assert floor.model_copy(update=change).weaker_than(floor) is weaker


def test_a_point_that_asks_for_what_was_not_fitted_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "decision.json"
    asking = POINT.model_copy(update={"sure": Sure(face=2.0, voice=1.0)})
    path.write_text(MODEL.model_copy(update={"points": {"strict": asking}}).text())
    with pytest.raises(WeightsError, match="asks for a posterior"):
        DecisionModel.read(path)
