"""``python -m model speed``: what towers cost in time and size and, on a pack, in error.

Times are of one thread, folders in turns, so that a busy machine slows all alike. Processor time
is given: on a busy machine only that says something about the towers. With ``--pack`` a folder is
accepted where the fused EER of each condition is within 5 % relative of the first folder's.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from model.compress.timing import time_towers, work
from model.compress.trade import ALLOWED, equal_error_rates
from model.data.packs import Pack
from model.errors import ModelError
from model.evaluation.figures_file import layered
from model.outputs import folder, new_file
from model.runtime.weights import WEIGHTS_DIR, Weights

Row = dict[str, Any]


def main(argv: Sequence[str]) -> int:
    """Measure each folder's towers, print a table, write what was asked for."""
    options = _parser().parse_args(argv)
    folders = _folders(options.weights)
    found: dict[str, Any] = {"repeats": options.repeats, "frames": _frames(options.frames)}
    found["folders"] = measure(folders, found["frames"], options.repeats)
    if options.pack:
        found |= {"pack": options.pack.name, "rounds": options.rounds, "allowed": ALLOWED}
        _judge(found["folders"], folders, options)
    print(table(found["folders"]))
    for path, text in ((options.json, layered(found)), (options.markdown, None)):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text((text or table(found["folders"])) + "\n", encoding="utf-8")
    return 0


def measure(folders: Mapping[str, Path], frames: Sequence[int], repeats: int) -> dict[str, Row]:
    """Time and size of each folder's towers.

    Args:
        folders: of weights, by name; the first is what the others are compared with.
        frames: lengths of speech, 100 frames a second.
        repeats: calls of each kind.

    Returns:
        By folder: ``face_bytes``, ``voice_bytes`` and ``times`` as ``time_towers`` gives them.

    Raises:
        WeightsError: a folder's weights are missing or changed.
    """
    weights = {name: Weights.load(folder) for name, folder in folders.items()}
    with _progress("timing") as started:
        advance = started(work(weights, frames, repeats))
        times = time_towers(weights, frames, repeats, advance=advance)
    return {
        name: {
            "model_id": loaded.model_id,
            "face_bytes": loaded.path("face_tower").stat().st_size,
            "voice_bytes": loaded.path("voice_tower").stat().st_size,
            "times": times[name],
        }
        for name, loaded in weights.items()
    }


def table(rows: Mapping[str, Row]) -> str:
    """A Markdown table of what was found, one line a folder."""
    first = next(iter(rows.values()))
    conditions = list(first.get("eer", {}))
    head = ["towers", *(f"{call}, ms (times the first)" for call in first["times"])]
    head += ["face file, MB", "voice file, MB"]
    for name in conditions:
        head += [f"EER {name}, %", "times the first"]
    head += ["accepted"] if conditions else []
    lines = [head, ["---"] * len(head), *(_cells(name, row) for name, row in rows.items())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(name: str, row: Row) -> list[str]:
    cells = [name, *(f"{t['cpu_ms']:.1f} ({t['ratio']:.2f})" for t in row["times"].values())]
    cells += [f"{row[part] / 1e6:.1f}" for part in ("face_bytes", "voice_bytes")]
    for figures in row.get("eer", {}).values():
        cells += [_between(figures["eer"], figures["interval"], 100)]
        cells += [_between(figures["ratio"], figures["ratio_interval"], 1)]
    return [*cells, "yes" if row["accepted"] else "no"] if "accepted" in row else cells


def _between(value: float | None, interval: Sequence[float] | None, factor: float) -> str:
    if value is None:
        return "–"
    if interval is None:
        return f"{factor * value:.2f}"
    return f"{factor * value:.2f} ({factor * interval[0]:.2f} to {factor * interval[1]:.2f})"


def _judge(rows: dict[str, Row], folders: Mapping[str, Path], options: argparse.Namespace) -> None:
    pack = Pack(options.pack)
    with _progress("scoring") as started:
        found = equal_error_rates(
            pack,
            folders,
            options.condition.split(","),
            rounds=options.rounds,
            cache=options.cache,
            started=started,
        )
    print(*pack.notes.lines(), sep="\n")
    for name, row in rows.items():
        row["eer"] = found[name]
        row["accepted"] = all(figures["accepted"] for figures in found[name].values())


def _folders(names: str) -> dict[str, Path]:
    paths = [Path(name) for name in names.split(",")]
    folders = {path.name: path for path in paths}
    if len(folders) < len(paths):
        folders = {str(path): path for path in paths}
    if len(folders) < len(paths):
        raise ModelError("a folder of weights is named twice: name each once")
    return folders


def _frames(text: str) -> list[int]:
    try:
        return [int(number) for number in text.split(",")]
    except ValueError as error:
        raise ModelError(f"--frames {text}: give whole numbers joined by commas") from error


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int], Callable[[], None]]]:
    """A bar on standard error; told the total, it gives what advances it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:

        def started(total: int) -> Callable[[], None]:
            task = bar.add_task(what, total=total)
            return lambda: bar.advance(task)

        yield started


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model speed", description=__doc__)
    add = parser.add_argument
    add(
        "--weights",
        default=str(WEIGHTS_DIR),
        help="folders of weights joined by commas, the first is what others are compared with",
    )
    add("--repeats", type=int, default=30, help="calls of each kind")
    add("--frames", default="298", help="lengths of speech to time, joined by commas; 298 is 3 s")
    add("--pack", type=Path, help="folder with chimeras.csv and trials.csv, to judge error by")
    add("--condition", default="clean,call", help="to judge by, as of evaluate")
    add("--rounds", type=int, default=500, help="bootstrap resamplings")
    add("--cache", type=folder, default=Path(".cache/embeddings"), help="folder of embeddings")
    add("--json", type=new_file, help="where to write all figures")
    add("--markdown", type=new_file, help="where to write the table")
    return parser
