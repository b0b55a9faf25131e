"""``python -m model card``: write the model card out of files that other commands wrote.

Every figure comes from such a file, and each table names the command and the pack behind it. What
no file was given for is said to be missing.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from string import Template

from model.card import making, results
from model.card.files import SYSTEM, Evaluation, read_evaluations
from model.card.images import Images
from model.card.packs import packs
from model.card.trade import compressed
from model.card.training import VALIDATION, keep_training, read_training
from model.errors import ModelError
from model.outputs import folder, new_file
from model.runtime.comparator import CALIBRATION_PART, CalibrationSet
from model.runtime.weights import WEIGHTS_DIR, Weights

TEMPLATE = "template.md"


def main(argv: Sequence[str]) -> int:
    """Read the files, write the card, copy the plots."""
    options = _parser().parse_args(argv)
    found = read_evaluations(options.evaluation)
    weights = Weights.load(options.weights)
    _same_model(found, weights)
    folder = options.images or options.out.parent / "images" / "model"
    images = Images(options.plots, folder, options.out, found.conditions())
    text = write_card(options, found, weights, images)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    images.copy()
    if options.keep is not None:
        _keep(options)
    missing = text.count("**Missing:**")
    print(f"{options.out}: {missing} figures missing" if missing else f"{options.out}: complete")
    return 0


def write_card(
    options: argparse.Namespace, found: Evaluation, weights: Weights, images: Images
) -> str:
    """The card's text: the template with its blocks filled in.

    Args:
        options: with the paths ``training``, ``validation``, ``known``, ``speed``, ``packs``.
        found: the evaluation.
        weights: of the model that was evaluated.
        images: plots of the evaluation.
    """
    default = found.default
    template = Template(files("model.card").joinpath(TEMPLATE).read_text(encoding="utf-8"))
    return template.substitute(
        model=default["model"],
        comparator=default["comparator"],
        pack=found.pack,
        trials=found.trials,
        people=found.people,
        parts=making.parts(weights),
        packs=packs(options.packs),
        training=making.training(options.training),
        validation=making.validation(options.validation),
        by_condition=results.by_condition(found),
        by_kind=results.by_kind(found),
        by_source=results.by_source(found),
        by_group=results.by_group(found),
        alone=results.alone(found),
        one_missing=results.one_missing(found),
        systems=results.systems(found),
        known=making.known(options.known),
        calibration=results.calibration(found),
        points=making.operating_points(weights),
        times=results.times(found),
        compressed=compressed(options.speed),
        bounds=results.bounds(found),
        not_scored=results.not_scored(found),
        appendix=results.appendix(found),
        eer_plot=images.block("eer"),
        det_plots=images.block("det"),
        score_plots=images.block("scores"),
        reliability_plots=images.block("reliability"),
    )


def _keep(options: argparse.Namespace) -> None:
    options.keep.mkdir(parents=True, exist_ok=True)
    if options.training is not None:
        keep_training(read_training(options.training, SYSTEM), options.keep)
    kept = options.keep / VALIDATION
    if options.validation is not None and options.validation.resolve() != kept.resolve():
        shutil.copyfile(options.validation, kept)


def _same_model(found: Evaluation, weights: Weights) -> None:
    evaluated = found.default["model"]
    if evaluated != weights.model_id:
        raise ModelError(
            f"the evaluation is of the {SYSTEM} with model {evaluated}, the weights in "
            f"{weights.directory} are {weights.model_id}: evaluate those, or name the others "
            "with --weights"
        )
    if weights.has(CALIBRATION_PART):
        name = CalibrationSet.read(weights.path(CALIBRATION_PART)).name
        if name != found.default["comparator"]:
            raise ModelError(
                f"the evaluation is of the comparator {found.default['comparator']}, the weights "
                f"in {weights.directory} hold {name}: evaluate those, or name the others with "
                "--weights"
            )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model card", description=__doc__)
    add = parser.add_argument
    add(
        "--evaluation",
        type=Path,
        nargs="+",
        required=True,
        help="what evaluate --json wrote; later files add systems and conditions",
    )
    add("--plots", type=Path, help="folder of evaluate --plots")
    add("--known", type=Path, help="known.json of the ancestor's training run")
    add("--validation", type=Path, help="validation.json of the default's training run")
    add("--training", type=Path, help="folder of the default's training run, or what --keep left")
    add("--keep", type=Path, help="folder for what is said of training, so that the run may go")
    add("--speed", type=Path, help="what speed --json wrote of compressed towers")
    add("--packs", type=Path, nargs="+", default=[], help="packs to count, for the section on data")
    add("--weights", type=Path, default=WEIGHTS_DIR, help="weights that were evaluated")
    add("--out", type=new_file, default=Path("docs/model-card.md"), help="the card")
    add("--images", type=folder, help="where plots are copied to; images/model beside the card")
    return parser
