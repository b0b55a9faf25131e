"""Puts the parts of lips that a run made into a folder of weights, beside what is there."""

from __future__ import annotations

from pathlib import Path

from model.convert.manifest import update_part
from model.errors import WeightsError
from model.lips.parts import NAMES
from model.runtime.lips import LipNetwork, load_calibration
from model.runtime.weights import MANIFEST, Weights


def export(made: Path, out: Path) -> None:
    """Check a run's weights by loading them, then copy them over; other parts stay.

    Raises:
        WeightsError: the run has not made all of them yet.
    """
    if not (made / MANIFEST).is_file():
        raise WeightsError(f"{made} holds no lips: make them with 'python -m model lips train'")
    weights = Weights.load(made)
    LipNetwork(weights)
    load_calibration(weights)
    for part in NAMES:
        entry = dict(weights.manifest["parts"][part])
        file = str(entry.pop("file"))
        measured = {"sha256", "bytes"}
        about = {key: value for key, value in entry.items() if key not in measured}
        update_part(part, file, data=(made / file).read_bytes(), directory=out, **about)
    print(f"{', '.join(NAMES)} are in {out}")
