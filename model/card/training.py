"""What the card says of a training run, kept in a small file: runs themselves are large and go."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from model.card.checks import check_numbers, need, read_json
from model.errors import ModelError

KEPT = "training.json"
VALIDATION = "validation.json"
"""Of a run's folder, or kept beside."""
_STAGE = ("epochs", "first", "last")


@dataclass(frozen=True, slots=True)
class Stage:
    """One part's training.

    Attributes:
        epochs: how many.
        first, last: loss of the first and of the last.
    """

    epochs: int
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Training:
    """A training run.

    Attributes:
        config: all its settings.
        stages: by name, in order.
    """

    config: dict[str, Any]
    stages: dict[str, Stage]


def read_training(path: Path, system: str) -> Training:
    """Read the folder of a run, or the file that is kept of one.

    Raises:
        ModelError: there is none, it is one of another system, or a stage lacks a loss.
    """
    if path.is_file():
        kept = need(path, read_json(path), ("config", "stages"))
        config, stages = need(path, kept["config"], ()), _kept_stages(path, kept["stages"])
    else:
        config = read_json(path / "config.json")
        stages = _run_stages(path / "history.json")
    if (found := config.get("system")) != system:
        raise ModelError(f"{path} is a run of {found!r}: name a run of {system!r}")
    return Training(config, stages)


def keep_training(training: Training, folder: Path) -> None:
    """Write what is kept of a run, as ``training.json`` of a folder that is there."""
    stages = {name: asdict(stage) for name, stage in training.stages.items()}
    text = json.dumps({"config": training.config, "stages": stages}, indent=1)
    (folder / KEPT).write_text(f"{text}\n", encoding="utf-8")


def _kept_stages(path: Path, found: Any) -> dict[str, Stage]:
    stages = {}
    for name, row in need(path, found, (), "stages").items():
        check_numbers(path, need(path, row, _STAGE, name), _STAGE, name)
        stages[name] = Stage(row["epochs"], row["first"], row["last"])
    return stages


def _run_stages(path: Path) -> dict[str, Stage]:
    stages = {}
    for name, rows in read_json(path).items():
        if not isinstance(rows, list) or not rows:
            raise ModelError(f"{path} garbles {name}: train it again")
        for row in rows:
            check_numbers(path, need(path, row, ("loss",), name), ("loss",), name)
        stages[name] = Stage(len(rows), rows[0]["loss"], rows[-1]["loss"])
    return stages
