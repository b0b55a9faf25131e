"""``python -m model export``: put what a training run made where serving loads it from."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from model.convert.manifest import as_text
from model.errors import WeightsError
from model.outputs import folder
from model.runtime.adapter import PREFIX
from model.runtime.comparator import CALIBRATION_PART, NETWORK_PART, load_comparator
from model.runtime.weights import MANIFEST, WEIGHTS_DIR, Weights, read_manifest
from model.training.files import write_together

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
    kept, space = _others(options.out), made.model_id
    # An adapter leads to one space: to another than its own it would move people astray.
    led = [part for part, one in kept.items() if part.startswith(PREFIX) and one["to"] != space]
    _copy(made, options.out, {part: one for part, one in kept.items() if part not in led})
    kept = {part: entry for part, entry in kept.items() if not part.startswith(PREFIX)}
    print(f"{name}, space {space}, is in {options.out}")
    print("people enrolled with another space: python -m model adapt, or they enrol again")
    for part in led:
        print(f"left out, since it leads to another space: {part}")
    if kept:
        print(f"kept, though fitted to the former network: {', '.join(kept)}")
        print("fit anew: stream-verifier calibrate-decision --pack PACK")
    return 0


def _copy(made: Weights, out: Path, kept: Mapping[str, Any]) -> None:
    """Put a run's parts and its manifest into a folder, all or none of them."""
    manifest = {**made.manifest, "parts": {**made.manifest["parts"], **kept}}
    files = {out / made.path(part).name: made.path(part).read_bytes() for part in PARTS}
    write_together({**files, out / MANIFEST: as_text(manifest)})
    Weights.load(out)


def _others(folder: Path) -> dict[str, dict[str, Any]]:
    """Parts there that no training makes, such as the decision that is fitted after it."""
    if not (folder / MANIFEST).is_file():
        return {}
    entries = read_manifest(folder)["parts"]
    return {part: entry for part, entry in entries.items() if part not in PARTS}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model export", description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/default"), help="training run")
    parser.add_argument("--out", type=folder, default=WEIGHTS_DIR, help="folder of weights")
    return parser
