"""How many calls one server holds, beside aiortc decoding alone, and what becomes of more.

    python -m benchmarks.capacity [--calls 4 8 12 16] [--seconds 30] [--fps 30] [--asked 24]
        [--pack DIR] [--soak-calls 7 --soak-minutes 30] [--markdown FILE] [--plot FILE]
        [--json FILE]

Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.capacity.figures import Figures, figures_of
from benchmarks.capacity.media import Material, made_up, of_talkers
from benchmarks.capacity.page import draw, markdown
from benchmarks.capacity.playing import WARM_UP_S, play
from benchmarks.capacity.soak import Soak, soak
from benchmarks.latency import decode_alone

_ONE_IN = 4
_MARGIN_S = 12.0
_ALONE_S = 10.0


async def measure(options: argparse.Namespace, console: Console) -> None:
    """Run everything and write what was asked for."""
    with tempfile.TemporaryDirectory(prefix="capacity-") as text:
        folder = Path(text)
        with console.status("Making the calls"):
            material = await asyncio.to_thread(_material, options, folder)
        rows = []
        for count in options.calls:
            rows.append(await _row(count, material, folder, options.seconds))
            console.print(_line(rows[-1]), highlight=False)
        asked, refusal = await _ask(options, material, folder)
        long: Soak | None = None
        if options.soak_minutes:
            long = await soak(
                material.enrol,
                material.own.path,
                calls=options.soak_calls,
                minutes=options.soak_minutes,
                folder=_below(folder, "soak"),
            )
    text = markdown(
        rows,
        command=f"python -m benchmarks.capacity {' '.join(sys.argv[1:])}",
        material=material,
        seconds=options.seconds,
        plot=_link(options),
        asked=asked,
        refusal=refusal,
        soak=long,
    )
    print(text)
    _write(options, rows, text)


def _material(options: argparse.Namespace, folder: Path) -> Material:
    seconds = WARM_UP_S + options.seconds + _MARGIN_S
    if options.pack:
        return of_talkers(folder, options.pack, seconds=seconds, seed=options.seed)
    return made_up(folder, seconds=seconds, fps=options.fps, seed=options.seed)


async def _row(count: int, material: Material, folder: Path, seconds: float) -> Figures:
    clips = material.cast(count, one_in=_ONE_IN)
    run = await play(clips, seconds=seconds, folder=_below(folder, str(count)), own=material.enrol)
    alone = await decode_alone(material.own.path, count, seconds=_ALONE_S)
    return figures_of(dataclasses.replace(run, alone=alone))


async def _ask(
    options: argparse.Namespace, material: Material, folder: Path
) -> tuple[Figures | None, str]:
    """Let the server decide how many it takes."""
    if not options.asked:
        return None, ""
    clips = material.cast(options.asked, one_in=_ONE_IN)
    below = _below(folder, "asked")
    run = await play(clips, seconds=options.seconds, folder=below, own=material.enrol, asked=True)
    return figures_of(run), next((call.refused for call in run.calls if call.refused), "")


def _below(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


def _line(row: Figures) -> str:
    return (
        f"{row.calls} calls: lag p95 {row.lag_p95_s:.2f} s, {row.scores_per_s:.2f} scores a second "
        f"and call, {row.left_out:.0%} left out, {row.verified:.0%} verified, CPU {row.cpu:.2f} "
        f"(alone {row.alone:.2f}), swaps noticed {[round(one, 1) for one in row.noticed_s]}"
    )


def _link(options: argparse.Namespace) -> str:
    """The plot as the page refers to it."""
    if not (options.plot and options.markdown):
        return ""
    return str(os.path.relpath(options.plot, options.markdown.parent))


def _write(options: argparse.Namespace, rows: Sequence[Figures], text: str) -> None:
    if options.plot:
        draw(rows, options.plot)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    if options.json:
        found = [dataclasses.asdict(row) for row in rows]
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, nargs="*", default=[4, 8, 12, 16])
    parser.add_argument("--seconds", type=float, default=30.0, help="measured, after 8 s")
    parser.add_argument("--pack", type=Path, help="talking people to make the calls of")
    parser.add_argument("--fps", type=int, default=30, help="pictures a second of made-up calls")
    parser.add_argument("--seed", type=int, default=1, help="of the times of swaps")
    parser.add_argument("--asked", type=int, default=0, help="calls to a server that may refuse")
    parser.add_argument("--soak-calls", type=int, default=4)
    parser.add_argument("--soak-minutes", type=int, default=0)
    parser.add_argument("--markdown", type=Path, help="file for the page")
    parser.add_argument("--plot", type=Path, help="file for the plot, PNG")
    parser.add_argument("--json", type=Path, help="file for the figures")
    asyncio.run(measure(parser.parse_args(), Console(stderr=True)))


if __name__ == "__main__":
    main()
