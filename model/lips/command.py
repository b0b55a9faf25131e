"""``python -m model lips``: train, measure and ship the network of lips and speech."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from model.outputs import folder
from model.runtime.weights import WEIGHTS_DIR
from model.training.extras import require


def main(argv: Sequence[str]) -> int:
    """Run one of the three."""
    options = _parser().parse_args(argv)
    return int(options.run_it(options))


def _train(options: argparse.Namespace) -> int:
    require("tensorflow", "keras", "matplotlib")
    from model.lips.material import Material
    from model.lips.train import train

    kept = options.kept / options.pack.name
    material = Material(options.pack, kept, options.mesh)
    train(material, options.run, quick=options.quick, seed=options.seed)
    print(f"{options.run / 'weights'}: what serving loads; 'python -m model lips export' ships it")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from model.lips.material import Material
    from model.lips.report import evaluate

    material = Material(options.pack, options.kept / options.pack.name, options.mesh)
    evaluate(material, options.weights, options.out, draws=options.draws)
    return 0


def _export(options: argparse.Namespace) -> int:
    from model.lips.export import export

    export(options.run / "weights", options.out)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model lips", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train, going on after the last checkpoint")
    train.add_argument("--run", type=folder, default=Path("runs/lips"), help="the run's folder")
    train.add_argument("--seed", type=int, default=1, help="everything random follows from it")
    train.add_argument("--quick", action="store_true", help="a few batches, to see that it works")
    train.set_defaults(run_it=_train)

    evaluate = commands.add_parser("evaluate", help="how well right and wrong pairs are told apart")
    evaluate.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of weights")
    evaluate.add_argument("--out", type=folder, required=True, help="folder for figures and page")
    evaluate.add_argument("--draws", type=int, default=200, help="trials of a kind and person")
    evaluate.set_defaults(run_it=_evaluate)

    for command in (train, evaluate):
        command.add_argument("--pack", type=Path, required=True, help="pack with talking clips")
        command.add_argument(
            "--kept",
            type=folder,
            default=Path(".cache/lips"),
            help="folder of what was read",
        )
        command.add_argument("--mesh", type=Path, help="MediaPipe's face mesh, to read a new pack")

    export = commands.add_parser("export", help="put what a run made where serving loads it from")
    export.add_argument("--run", type=Path, default=Path("runs/lips"), help="training run")
    export.add_argument("--out", type=folder, default=WEIGHTS_DIR, help="folder of weights")
    export.set_defaults(run_it=_export)
    return parser
