"""``python -m model evaluate``: error rates of one or more systems on a pack."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from model.data.conditions import MODALITIES, Condition
from model.data.packs import Pack
from model.evaluation.report import FORMAT, remarks, summary, table
from model.evaluation.scores_file import write_scores
from model.evaluation.scoring import Scorer, Scores
from model.evaluation.systems import SYSTEMS, SystemOptions, load_system
from model.evaluation.timing import time_systems, time_table
from model.training.extras import require

Scored = dict[tuple[str, str], Scores]
"""Scores by system and condition."""


def main(argv: Sequence[str]) -> int:
    """Score a pack's trials, print the figures, write what was asked for."""
    options = _parser().parse_args(argv)
    if options.plots:
        require("matplotlib")
    conditions = _conditions(options)
    pack, names = Pack(options.pack), list(dict.fromkeys(options.system.split(",")))
    how = SystemOptions(weights=options.weights, cache=options.cache, ancestor=options.ancestor)
    systems = {name: load_system(name, how) for name in names}
    found: dict[str, Any] = {
        "format": FORMAT,
        "pack": pack.name,
        "trials": len(pack.trials),
        "people": len({trial.chimera for trial in pack.trials}),
        "rounds": options.rounds,
        "systems": {name: _about(name, system) for name, system in systems.items()},
    }
    scored = _score(pack, systems, conditions, found["systems"], options.rounds)
    found["skipped"] = {_shown(pack, path): why for path, why in pack.notes.skipped.items()}
    found["resampled"] = len(pack.notes.rates_hz)
    print("\n".join([table(found["systems"]), *remarks(found["systems"]), *pack.notes.lines()]))
    if options.time:
        found["time"] = _time(pack, names, replace(how, cache=None), options.time)
        print(time_table(found["time"]))
    _write(options, found, scored)
    return 0


def _score(
    pack: Pack,
    systems: dict[str, Any],
    conditions: Sequence[Condition],
    about: dict[str, Any],
    rounds: int,
) -> Scored:
    """Score all conditions, and put each one's figures into ``about``."""
    scored: Scored = {}
    with _progress() as start:
        scorer = Scorer(pack, list(systems.values()))
        scorer.advance = start("scoring", scorer.work(conditions))
        for condition in conditions:
            parts, skipped = scorer.score(condition)
            for name, scores in zip(systems, parts, strict=True):
                scored[name, condition.name] = scores
                row = summary(scores, skipped=skipped, rounds=rounds)
                about[name]["conditions"][condition.name] = row
    return scored


def _time(pack: Pack, names: list[str], how: SystemOptions, count: int) -> dict[str, Any]:
    systems = [load_system(name, how) for name in names]
    with _progress() as start:
        advance = start("timing", count + 1)
        return time_systems(pack, dict(zip(names, systems, strict=True)), count, advance=advance)


def _write(options: argparse.Namespace, found: dict[str, Any], scored: Scored) -> None:
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(found, indent=2, allow_nan=False) + "\n")
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


def _about(name: str, system: Any) -> dict[str, Any]:
    return {
        "name": name,
        "model": getattr(system, "model_id", None),
        "comparator": getattr(system, "comparator", None),
        "conditions": {},
    }


def _shown(pack: Pack, path: Path) -> str:
    return str(path.relative_to(pack.root) if path.is_relative_to(pack.root) else path)


@contextmanager
def _progress() -> Iterator[Callable[[str, int], Callable[[], None]]]:
    """A progress bar on standard error; gives what starts a task and returns its advance."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:

        def start(what: str, total: int) -> Callable[[], None]:
            task = bar.add_task(what, total=total)
            return lambda: bar.advance(task)

        yield start


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model evaluate", description=__doc__)
    add = parser.add_argument
    add("--pack", type=Path, required=True, help="folder with chimeras.csv and trials.csv")
    add("--system", default="default", help=f"{', '.join(SYSTEMS)}; several joined by commas")
    add(
        "--condition",
        default="clean",
        help="clean, noise10, noise0, lowres, dark, opus16, short1, call (noise10+opus16+lowres); "
        "several joined by commas; + puts effects together",
    )
    add("--missing", choices=MODALITIES, help="leave this modality out of every probe")
    add("--json", type=Path, help="where to write all figures")
    add("--scores", type=Path, help="where to write one CSV line a trial")
    add("--plots", type=Path, help="folder for plots")
    add("--time", type=int, metavar="N", default=0, help="time N windows of each system")
    add("--rounds", type=int, default=500, help="bootstrap resamplings")
    add("--weights", type=Path, help="weights folder; the package's by default")
    add("--ancestor", type=Path, default=Path("runs/ancestor"), help="the ancestor's training run")
    add("--cache", type=Path, default=Path(".cache/embeddings"), help="folder of known embeddings")
    return parser
