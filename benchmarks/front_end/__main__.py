"""CPU time of each step of the front end beside the same arithmetic written plainly.

python -m benchmarks.front_end --markdown table.md --json figures.json

Both take turns on one thread, and the ratio is the median over turns, so that whatever else the
machine does hits them alike.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# Must be set before numpy loads: more threads only slow down matrices this small.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2

from benchmarks.front_end.step import Step
from benchmarks.front_end.steps import steps
from model.evaluation.figures_file import layered


@dataclass(frozen=True, slots=True)
class Timed:
    """Medians of one step.

    Attributes:
        plain_ms: CPU milliseconds, written plainly.
        ours_ms: likewise, as served.
        ratio: of the two in one turn.
    """

    plain_ms: float
    ours_ms: float
    ratio: float


def timed(step: Step, rounds: int) -> Timed:
    """Let both ways take turns, after one turn to warm up."""
    turns = [(_cpu_ms(step.plain), _cpu_ms(step.ours)) for _ in range(rounds + 1)][1:]
    return Timed(
        statistics.median(plain for plain, _ in turns),
        statistics.median(ours for _, ours in turns),
        statistics.median(ours / plain for plain, ours in turns),
    )


def table(found: dict[str, Timed]) -> str:
    """A line a step, as Markdown."""
    lines = ["| step | plain, ms | served, ms | times |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {row.plain_ms:.3f} | {row.ours_ms:.3f} | {row.ratio:.2f} |"
        for name, row in found.items()
    ]
    return "\n".join(lines) + "\n"


def figures(found: dict[str, Timed]) -> str:
    """The same as JSON."""
    rows = {
        name: {
            "plain_ms": round(row.plain_ms, 4),
            "ours_ms": round(row.ours_ms, 4),
            "ratio": round(row.ratio, 3),
        }
        for name, row in found.items()
    }
    return layered(rows) + "\n"


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table; write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60, help="turns that medians are taken of")
    parser.add_argument("--only", default="", help="steps whose names hold this")
    parser.add_argument("--markdown", type=Path, help="where to write the table")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(argv)
    cv2.setNumThreads(1)
    found = {s.name: timed(s, options.rounds) for s in steps() if options.only in s.name}
    print(table(found), end="")
    for path, text in ((options.markdown, table(found)), (options.json, figures(found))):
        if path:
            path.write_text(text, encoding="utf-8")


def _cpu_ms(run: Callable[[], object]) -> float:
    start = time.process_time_ns()
    run()
    return max(1, time.process_time_ns() - start) / 1e6


if __name__ == "__main__":
    main()
