"""``python -m model calibrate``: fit calibration and operating points on one's own people.

The network stays as it is. Its scores of a pack's trials (those of ``trials.csv`` where the pack
has them, else trials drawn among its people) are turned into LLRs anew, for the microphones,
cameras and languages at hand.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from model.data.packs import Pack
from model.errors import PackError
from model.evaluation import metrics
from model.outputs import folder
from model.runtime.comparator import CALIBRATION_PART, OUTPUTS, CalibrationSet
from model.runtime.weights import WEIGHTS_DIR, Weights
from model.siamese.artifacts import write_calibration
from model.siamese.calibration import evidence_limit, fit_calibration, operating_points
from model.siamese.drawn import Scored, score_pack

LEAST_PEOPLE = 10


def main(argv: Sequence[str]) -> int:
    """Score a pack, fit, show the difference, write the calibration."""
    options = _parser().parse_args(argv)
    weights = Weights.load(options.weights)
    pack = Pack(options.pack)
    shipped = CalibrationSet.read(weights.path(CALIBRATION_PART))
    found = score_pack(pack, weights, seed=options.seed, cache=options.cache)
    if found.people < LEAST_PEOPLE:
        raise PackError(
            f"{pack.root} holds {found.people} people who can be compared, and a calibration needs "
            f"{LEAST_PEOPLE} at least: add people"
        )
    if not (found.labels.any(axis=0) & ~found.labels.all(axis=0)).all():
        raise PackError(
            f"{pack.root / 'trials.csv'} lacks genuine or impostor trials of a modality that can "
            "be compared: a calibration needs both"
        )
    fitted = _fit(found, shipped, pack)
    _tell(found, shipped, fitted)
    print(*pack.notes.lines(), sep="\n")
    if options.dry_run:
        return 0
    write_calibration(weights.directory, fitted)
    print(f"written to {weights.path(CALIBRATION_PART)}; references stay as they are")
    return 0


def _fit(found: Scored, shipped: CalibrationSet, pack: Pack) -> CalibrationSet:
    limit = min(evidence_limit(found.pairs), shipped.fused.limit)
    lines = {
        name: fit_calibration(found.scores[:, k], found.labels[:, k], limit=limit)
        for k, name in enumerate(OUTPUTS)
    }
    llrs = lines["fused"].llrs(found.scores[:, 2])
    return replace(
        shipped,
        face=lines["face"],
        voice=lines["voice"],
        fused=lines["fused"],
        points=operating_points(llrs, found.labels[:, 2]),
        made_by={
            "command": "python -m model calibrate",
            "pack": pack.name,
            "people": found.people,
            "trials": len(found.scores),
        },
    )


def _tell(found: Scored, before: CalibrationSet, after: CalibrationSet) -> None:
    print(f"{found.people} people, {len(found.scores)} trials")
    for k, name in enumerate(OUTPUTS):
        scores, mated = found.scores[:, k], found.labels[:, k]
        old, new = (getattr(made, name).llrs(scores) for made in (before, after))
        print(
            f"  {name:<6} Cllr {metrics.cllr(old, mated):.3f} before, "
            f"{metrics.cllr(new, mated):.3f} after, minimum {metrics.min_cllr(scores, mated):.3f}"
        )
    points = ", ".join(f"{name} {value:.2f}" for name, value in after.points.items())
    print(f"  operating points: {points}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model calibrate", description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder with one's own people")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of weights")
    parser.add_argument("--seed", type=int, default=1, help="of the trials drawn")
    parser.add_argument("--dry-run", action="store_true", help="show the difference, write nothing")
    parser.add_argument("--cache", type=folder, default=Path(".cache/embeddings"))
    return parser
