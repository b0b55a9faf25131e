"""``python -m model export``: put what a training run made where serving loads it from."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from model.errors import WeightsError
from model.runtime.comparator import CALIBRATION_PART, NETWORK_PART, load_comparator
from model.runtime.weights import MANIFEST, WEIGHTS_DIR, Weights

PARTS = ("face_detector", "face_tower", "voice_tower", NETWORK_PART, CALIBRATION_PART)


def main(argv: Sequence[str]) -> int:
    """Check a run's weights by loading them, then copy them over."""
    options = _parser().parse_args(argv)
    if not (options.run / "weights" / MANIFEST).is_file():
        raise WeightsError(
            f"{options.run} holds no trained weights: make them with "
            f"'python -m model train --run {options.run}', or name another run"
        )
    made = Weights.load(options.run / "weights")
    missing = [part for part in PARTS if not made.has(part)]
    if missing:
        raise WeightsError(
            f"{options.run} has not got to {', '.join(missing)} yet: start its training again, "
            "it goes on where it was"
        )
    name = load_comparator(made).name
    options.out.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        shutil.copyfile(made.path(part), options.out / made.path(part).name)
    shutil.copyfile(made.directory / MANIFEST, options.out / MANIFEST)
    print(f"{name}, space {Weights.load(options.out).model_id}, is in {options.out}")
    print("people enrolled with another space must enrol again")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model export", description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/default"), help="training run")
    parser.add_argument("--out", type=Path, default=WEIGHTS_DIR, help="folder of weights")
    return parser
