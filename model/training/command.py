"""``python -m model train``: train a system on a pack, as often interrupted as need be."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model.outputs import folder
from model.training.extras import require

TRAINERS = {
    "default": "model.siamese.train",
    "ancestor": "model.ancestor.train",
}
"""System name to the module whose ``train(options: TrainOptions) -> None`` trains it."""


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What a trainer is told.

    Attributes:
        pack: folder with faces.csv and voices.csv.
        run: folder of the run, made or gone on with.
        quick: train on a small slice, to see that everything works.
        seed: everything random follows from it.
        cache: folder for downloads and remembered embeddings.
        frozen: leave pretrained towers as they were published.
    """

    pack: Path
    run: Path
    quick: bool = False
    seed: int = 1
    cache: Path = Path(".cache")
    frozen: bool = False


def main(argv: Sequence[str]) -> int:
    """Train one system; started again after a kill, go on after the last checkpoint."""
    options = _parser().parse_args(argv)
    require("tensorflow", "keras", "matplotlib")
    trainer = importlib.import_module(TRAINERS[options.system])
    run = options.run or Path("runs") / (options.system + ("-quick" if options.quick else ""))
    trainer.train(
        TrainOptions(
            pack=options.pack,
            run=run,
            quick=options.quick,
            seed=options.seed,
            cache=options.cache,
            frozen=options.frozen_towers,
        )
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model train", description=__doc__)
    parser.add_argument("--system", choices=sorted(TRAINERS), default="default")
    parser.add_argument("--pack", type=Path, required=True, help="folder with voices.csv")
    parser.add_argument("--run", type=folder, help="the run's folder; runs/SYSTEM by default")
    parser.add_argument("--quick", action="store_true", help="a small slice, under a minute")
    parser.add_argument("--frozen-towers", action="store_true", help="do not fine-tune them")
    parser.add_argument("--seed", type=int, default=1, help="everything random follows from it")
    parser.add_argument("--cache", type=folder, default=Path(".cache"), help="folder of embeddings")
    return parser
