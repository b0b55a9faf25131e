"""Weights of an older release: a folder, or a commit of this repository."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from model.convert.manifest import update_part
from model.runtime.comparator import CALIBRATION_PART, FORMAT, NETWORK_PART, TELEPHONE_UNFITTED
from model.runtime.weights import TOWERS, Weights

_WEIGHTS = "model/weights"
_LACKS: dict[int, dict[str, object]] = {
    2: {"telephone": TELEPHONE_UNFITTED, "joint": None},
    3: {"joint": None},
}
"""What calibrations of an older format do not say, as they were used."""


def older_weights(where: str, cache: Path) -> Weights:
    """Load weights that may be of an older release.

    Args:
        where: a folder of weights, or a commit whose weights are to be taken out of git.
        cache: folder for what is taken out.

    Raises:
        WeightsError: a file is missing or changed.
    """
    if Path(where).is_dir():
        return Weights.load(Path(where))
    folder = cache / f"weights-{where}"
    if not (folder / "manifest.json").is_file():
        _take_out(where, folder)
    _bring_up(folder)
    return Weights.load(folder)


def has_network(weights: Weights) -> bool:
    """Whether they come with what compares, too, and not with towers alone."""
    return weights.has(NETWORK_PART) and weights.has(CALIBRATION_PART)


def _take_out(commit: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    listed = json.loads(_shown(commit, "manifest.json"))["parts"]
    needed = (*TOWERS, "face_detector", NETWORK_PART, CALIBRATION_PART)
    parts = {part: entry for part, entry in listed.items() if part in needed}
    for entry in parts.values():
        (folder / entry["file"]).write_bytes(_shown(commit, entry["file"]))
    manifest = json.loads(_shown(commit, "manifest.json")) | {"parts": parts}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def _shown(commit: str, file: str) -> bytes:
    command = ["git", "show", f"{commit}:{_WEIGHTS}/{file}"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _bring_up(folder: Path) -> None:
    """Older calibrations say nothing of the telephone's band or of doubt; nothing else differs."""
    entry = json.loads((folder / "manifest.json").read_bytes())["parts"].get(CALIBRATION_PART)
    if entry is None:
        return
    path = folder / entry["file"]
    found = json.loads(path.read_bytes())
    if found["format"] in _LACKS:
        found |= {**_LACKS[found["format"]], "format": FORMAT}
        path.write_text(json.dumps(found), encoding="utf-8")
        known = {key: value for key, value in entry.items() if key not in ("sha256", "bytes")}
        update_part(CALIBRATION_PART, **known, directory=folder)
