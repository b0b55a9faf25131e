from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model.__main__ import main as run_command
from model.evaluation import report
from model.evaluation.figures_file import write_figures
from model.runtime.weights import Weights
from tests.support.card_media import (
    made_up_scores,
    system,
    write_weights,
)


@pytest.fixture(scope="session")
def weights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a few bytes, without calibration."""
    return write_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="session")
def default(weights_folder: Path) -> dict[str, Any]:
    return system(
        Weights.load(weights_folder).model_id, clean=made_up_scores(1), call=made_up_scores(2)
    )


@pytest.fixture
def evaluation(default: dict[str, Any]) -> dict[str, Any]:
    found = {
        "format": report.FORMAT,
        "pack": "mine",
        "trials": 200,
        "people": 20,
        "rounds": 10,
        "systems": {"default": default},
    }
    copy: dict[str, Any] = json.loads(json.dumps(found))
    return copy


@pytest.fixture
def make(tmp_path: Path, weights_folder: Path) -> Callable[..., str]:
    """Runs the command; returns the card, or fails with what it printed."""

    def run(found: dict[str, Any] | list[dict[str, Any]], *more: str | Path) -> str:
        each = found if isinstance(found, list) else [found]
        paths = [tmp_path / f"eval{n}.json" for n in range(len(each))]
        for path, one in zip(paths, each, strict=True):
            write_figures(path, one)
        out = tmp_path / "docs" / "card.md"
        options = ["card", "--evaluation", *paths, "--weights", weights_folder, "--out", out, *more]
        assert run_command([str(option) for option in options]) == 0
        return out.read_text(encoding="utf-8")

    return run


@pytest.fixture
def refused(make: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs the command, which must refuse; returns what it said."""

    def run(*arguments: Any) -> str:
        with pytest.raises(AssertionError):
            make(*arguments)
        said = capsys.readouterr().err
        assert said.startswith("error: ")
        return said

    return run
