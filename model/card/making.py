"""Tables of what the model is made of: parts, training, held-out people, operating points."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model.card.files import SYSTEM, read_known, read_validation
from model.card.markdown import command, made_by, missing, number, table
from model.card.training import read_training
from model.runtime.comparator import CALIBRATION_PART, CalibrationSet
from model.runtime.weights import Weights

TRAIN = "python -m model train"


def parts(weights: Weights) -> str:
    """The files of the model, whose they are and what was done to them."""
    head = ["part", "megabytes", "licence", "made from", "trained further by"]
    rows = [_part(name, entry) for name, entry in weights.manifest["parts"].items()]
    return made_by(
        table(head, rows),
        "`python -m model weights` and `python -m model train`, in `manifest.json`",
    )


def operating_points(weights: Weights) -> str:
    """LLR thresholds by name, and what they were fitted on."""
    if not weights.has(CALIBRATION_PART):
        return missing(
            "operating points",
            "a trained calibration in `--weights`",
            f"`{TRAIN} --system default` and `python -m model export` make them",
        )
    found = CalibrationSet.read(weights.path(CALIBRATION_PART))
    block = table(["operating point", "LLR"], [[k, f"{v:.2f}"] for k, v in found.points.items()])
    made = found.made_by.get("joint", found.made_by)  # which reads the points off anew
    return made_by(block, command(made.get("command", "unknown command"), made.get("pack")))


def training(run: Path | None) -> str:
    """Stages of the training run, and its whole configuration."""
    if run is None:
        remedy = f"it is the folder that `{TRAIN} --system default --run` wrote"
        return missing(
            "how long each part was trained, and with which settings", "`--training`", remedy
        )
    found = read_training(run, SYSTEM)
    stages = [
        [name, str(stage.epochs), number(stage.first, 3), number(stage.last, 3)]
        for name, stage in found.stages.items()
    ]
    settings = [[f"`{key}`", _shown(value)] for key, value in _flat(found.config)]
    blocks = [
        table(["stage", "epochs", "loss of the first", "loss of the last"], stages),
        "<details><summary>All settings</summary>",
        table(["setting", "value"], settings),
        "</details>",
    ]
    return made_by("\n\n".join(blocks), command(f"{TRAIN} --system {SYSTEM}"))


def validation(path: Path | None) -> str:
    """Error on people held out of training, one source of voices after the other."""
    if path is None:
        remedy = f"`{TRAIN}` writes `validation.json` into its run's folder"
        return missing(
            "error with each source of voices left out of training", "`--validation`", remedy
        )
    found = read_validation(path)
    rows = [
        [
            name,
            number(row["trials"]),
            number(100 * row["eer"], 2),
            number(row["cllr"], 3),
            number(row["min_cllr"], 3),
        ]
        for name, row in found["held_out"].items()
    ]
    block = table(["held out", "trials", "EER %", "Cllr, bits", "minimum"], rows)
    people = [
        f"{found[key]} {what}"
        for key, what in (
            ("face_people", "faces' people"),
            ("pictures", "pictures, damaged ones among them"),
            ("voice_people", "voices' people"),
            ("pieces_of_speech", "pieces of speech, damaged ones among them"),
        )
        if key in found
    ]
    block += f"\n\nOut of {', '.join(people)}." if people else ""
    return made_by(block, command(found["command"], found["pack"]))


def known(path: Path | None) -> str:
    """The ancestor on identities that it was trained on."""
    if path is None:
        remedy = f"`{TRAIN} --system ancestor` writes `known.json` into its run's folder"
        return missing("the ancestor on known identities", "`--known`", remedy)
    rows = [
        [what, f"{row['pairs']}, {row['mated']}"]
        + [f"{100 * row[name]:.2f}" for name in ("accuracy", "precision", "recall", "eer")]
        for what, row in read_known(path).items()
    ]
    head = ["compared", "pairs, mated", "accuracy %", "precision %", "recall %", "EER %"]
    return made_by(table(head, rows), command(f"{TRAIN} --system ancestor"))


def _part(name: str, entry: Mapping[str, Any]) -> list[str]:
    source = entry.get("source", {})
    origin = source.get("origin", "this project's own training")
    package = f" ({source['package']} {source['version']})" if "package" in source else ""
    size = entry.get("bytes")
    further = [f"`{entry[key]}`" for key in ("fine_tuned_by", "rounded_by") if key in entry]
    return [
        f"`{name}`, {entry['file']}",
        "-" if size is None else f"{size / 1e6:.2f}",
        entry.get("licence", "not said"),
        origin + package,
        ", ".join(further) or "-",
    ]


def _flat(found: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Nested settings as dotted names with their values."""
    pairs: list[tuple[str, Any]] = []
    for key, value in found.items():
        inner = isinstance(value, dict)
        pairs += _flat(value, f"{prefix}{key}.") if inner else [(f"{prefix}{key}", value)]
    return pairs


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return number(value)
    return " to ".join(map(_shown, value)) if isinstance(value, list) else str(value)
