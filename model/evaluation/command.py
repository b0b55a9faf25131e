"""``python -m model evaluate``: error rates of one or more systems on a pack."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from model.data.conditions import MODALITIES, Condition, Treatment
from model.data.packs import Pack
from model.evaluation.figures_file import write_figures
from model.evaluation.report import heading, note, remarks, summary, table
from model.evaluation.scores_file import write_scores
from model.evaluation.scoring import Scorer, Scores
from model.evaluation.systems import SYSTEMS, System, SystemOptions, load_system
from model.evaluation.timing import time_systems, time_table
from model.outputs import folder, new_file
from model.training.extras import require

Scored = dict[tuple[str, str], Scores]
"""Scores by system and condition."""


def main(argv: Sequence[str]) -> int:
    """Score a pack's trials, print the figures, write what was asked for."""
    options = _parser().parse_args(argv)
    if options.plots:
        require("matplotlib")
    conditions, pack = _conditions(options), Pack(options.pack)
    treatment = Treatment(pack)
    for condition in conditions:  # Before the first is scored: that may take an hour.
        treatment.check(condition)
    how = SystemOptions(weights=options.weights, cache=options.cache, ancestor=options.ancestor)
    systems = _load(options.system, how)
    found = heading(pack, systems, rounds=options.rounds)
    scored = _score(pack, systems, conditions, found)
    note(found, pack)
    print("\n".join([table(found["systems"]), *remarks(found["systems"]), *pack.notes.lines()]))
    if options.time:
        found["time"] = _time(pack, _load(options.system, replace(how, cache=None)), options.time)
        print(time_table(found["time"]))
    _write(options, found, scored)
    return 0


def _load(names: str, how: SystemOptions) -> dict[str, System]:
    return {name: load_system(name, how) for name in names.split(",")}


def _score(
    pack: Pack, systems: dict[str, System], conditions: Sequence[Condition], found: dict[str, Any]
) -> Scored:
    """Score all conditions, and put each one's figures into ``found``."""
    scored: Scored = {}
    scorer = Scorer(pack, list(systems.values()))
    with _progress("scoring", scorer.work(conditions)) as (advance, say):
        scorer.advance = advance
        for condition in conditions:
            parts, skipped = scorer.score(condition)
            for name, scores in zip(systems, parts, strict=True):
                scored[name, condition.name] = scores
                figures = summary(scores, skipped=skipped, rounds=found["rounds"])
                found["systems"][name]["conditions"][condition.name] = figures
            say(f"scored {condition.name}")
    return scored


def _time(pack: Pack, systems: dict[str, System], count: int) -> dict[str, Any]:
    with _progress("timing", count + 1) as (advance, _):
        return time_systems(pack, systems, count, advance=advance)


def _write(options: argparse.Namespace, found: dict[str, Any], scored: Scored) -> None:
    if options.json:
        write_figures(options.json, found)
    if options.scores:
        parts = ((*key, scores) for key, scores in scored.items())
        write_scores(options.scores, parts, several=len(found["systems"]) > 1)
    if options.plots:
        from model.evaluation.plots import draw

        draw(options.plots, scored, found["systems"])


def _conditions(options: argparse.Namespace) -> list[Condition]:
    suffix = f"-{options.missing}" if options.missing else ""
    names = dict.fromkeys(name + suffix for name in options.condition.split(","))
    return [Condition.parse(name) for name in names]


@contextmanager
def _progress(what: str, total: int) -> Iterator[tuple[Callable[[], None], Callable[[str], None]]]:
    """A progress bar on standard error; gives what advances it and what prints above it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task), bar.console.print


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model evaluate", description=__doc__)
    add = parser.add_argument
    add("--pack", type=Path, required=True, help="folder with chimeras.csv and trials.csv")
    add("--system", default="default", help=f"{', '.join(SYSTEMS)}; several joined by commas")
    add(
        "--condition",
        default="clean",
        help="clean, noise10, noise0, lowres, dark, opus16, narrow, phone, short1, "
        "call (noise10+opus16+lowres); several joined by commas; + puts effects together",
    )
    add("--missing", choices=MODALITIES, help="leave this modality out of every probe")
    add("--json", type=new_file, help="where to write all figures")
    add("--scores", type=new_file, help="where to write one CSV line a trial")
    add("--plots", type=folder, help="folder for plots")
    add("--time", type=int, metavar="N", default=0, help="time N windows of each system")
    add("--rounds", type=int, default=500, help="bootstrap resamplings")
    add("--weights", type=Path, help="weights folder; the package's by default")
    add("--ancestor", type=Path, default=Path("runs/ancestor"), help="the ancestor's training run")
    add("--cache", type=folder, default=Path(".cache/embeddings"), help="folder of embeddings")
    return parser
