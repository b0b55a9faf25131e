"""``python -m benchmarks.model_tables``: the model card and all pages about the model, anew.

    python -m benchmarks.model_tables --pack PACK [--run RUN] [--only evaluate,card] [--quick]

Runs evaluate, card, believed, sources, acceptance and swaps one after the other with their own
progress, each in a process of its own. What was done with the same weights, packs and arguments is
left out, so that a run that was killed goes on where it was. ``--quick`` measures next to nothing,
into a folder of its own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.model_tables.running import run_all
from benchmarks.model_tables.steps import Place, Step, steps
from model.errors import ModelError

_console = Console(stderr=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; 1 where a step failed."""
    options = _parser().parse_args(argv)
    place = place_of(options)
    try:
        todo = chosen(steps(place, quick=options.quick), options.only)
        run_all(todo, place, say=_console.print, again=options.again)
    except ModelError as error:
        _console.print(f"error: {error}", markup=False, soft_wrap=True)
        return 1
    return 0


def place_of(options: argparse.Namespace) -> Place:
    """Where the command reads and writes; a quick run keeps away from the pages."""
    scratch = options.scratch / ("quick" if options.quick else "")
    return Place(
        pack=options.pack,
        lessons=options.lessons or options.pack.parent / "train",
        docs=scratch / "docs" if options.quick else options.docs,
        scratch=scratch,
        run=options.run,
    )


def chosen(all_steps: Sequence[Step], only: str | None) -> list[Step]:
    """Those that are named, in their own order; all where none is.

    Raises:
        ModelError: there is none of a name.
    """
    if only is None:
        return list(all_steps)
    names = [step.name for step in all_steps]
    if unknown := set(only.split(",")) - set(names):
        raise ModelError(f"no step {', '.join(sorted(unknown))}: use {', '.join(names)}")
    return [step for step in all_steps if step.name in only.split(",")]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.model_tables", description=__doc__)
    add = parser.add_argument
    add("--pack", type=Path, required=True, help="folder of people whom no training has seen")
    add("--lessons", type=Path, help="folder of those it has; by default train beside the pack")
    add("--run", type=Path, help="folder of the training run, if the weights are of another")
    add("--only", help="steps to run, joined by commas")
    add("--again", action="store_true", help="run even what is done")
    add("--quick", action="store_true", help="measure next to nothing, to see that all works")
    add("--docs", type=Path, default=Path("docs"), help="folder of the pages")
    add("--scratch", type=Path, default=Path(".cache/model-tables"), help="folder for the rest")
    return parser


if __name__ == "__main__":
    sys.exit(main())
