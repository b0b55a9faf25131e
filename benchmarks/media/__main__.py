"""Runs inputs of every kind through the commands and writes the table of what came.

    python -m benchmarks.media [--cases DIR] [--parts PART ...] [--only WORD ...] [--keep DIR]
                               [--hours 2] [--out FILE.md]

Needs ffmpeg, and avifenc and heif-enc for pictures in tiles. Exit code 0 only if everything came
out right or as a clear error, and one clip scores alike in all containers and codecs. Only the
whole is written down; of a part, what came is told.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from rich.progress import track

from benchmarks.media.case import ENROLLED, Case, Outcome, attempt
from benchmarks.media.codecs import ALIKE
from benchmarks.media.given import GIVEN, make_given
from benchmarks.media.long import LONG, read_long
from benchmarks.media.making import materials
from benchmarks.media.own import OWN
from benchmarks.media.pages import Played, play_page
from benchmarks.media.table import markdown, right, told

PARTS = ("given", "own", "alike", "pages", "long")
PATH = Path(__file__).resolve().parents[2] / "docs" / "measurements" / "media.md"


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument(
        "--cases", type=Path, help="Folder with a make.py that makes further ones, and a page.html."
    )
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=PARTS, help="Only these parts of the table."
    )
    parser.add_argument(
        "--only", nargs="+", default=[""], help="Only inputs with one of these in a name."
    )
    parser.add_argument("--keep", type=Path, help="Make the inputs in here and keep them.")
    parser.add_argument("--hours", type=float, default=2.0, help="Length of the long recordings.")
    parser.add_argument("--out", type=Path, default=PATH, help="Markdown file for the table.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder: Path = (options.keep or Path(passing)).resolve()
        os.environ["STREAM_VERIFIER_DATA_DIR"] = str(Path(passing) / "data")
        chosen = set(options.parts)
        parts = _run(folder, options.cases, chosen, options.only)
        played = _played(options.cases, folder / "own") if "pages" in chosen else []
        if whole := options.only == [""] and chosen == set(PARTS):
            long = [read_long(folder / "own", name, options.hours) for name in LONG]
            options.out.write_text(markdown(*parts, long, played), encoding="utf-8")
    for outcome in (outcome for part in parts for outcome in part):
        if not (whole and outcome.right):
            print(told(outcome), file=sys.stderr)
    for call in played:
        if not call.right:
            print(f"{call.label} in {call.browser}: {call}", file=sys.stderr)
    return 0 if right(*parts, played) else 1


def _run(
    folder: Path, cases: Path | None, parts: Collection[str], only: list[str]
) -> tuple[list[Outcome], list[Outcome], list[Outcome]]:
    own, given = folder / "own", folder / "given"
    own.mkdir(parents=True, exist_ok=True)
    if not (own / "probe.ts").exists():
        materials(own)
    enrolment = Case(files=("enrol.mp4",), roles=("video",), what="", wish="enrolled")
    attempt(enrolment, own, enrol_as=ENROLLED)
    if cases is not None and "given" in parts and not given.exists():
        make_given(cases / "make.py", given)
    return (
        _all(GIVEN if cases is not None and "given" in parts else (), given, only),
        _all(OWN if "own" in parts else (), own, only),
        _all(ALIKE if "alike" in parts else (), own, only),
    )


def _played(cases: Path | None, own: Path) -> list[Played]:
    """The calls of a page that is given, in every browser that is here."""
    page = None if cases is None else cases.resolve() / "page.html"
    if page is None or not page.exists():
        return []
    return asyncio.run(play_page(page, own / "probe.mp4", own))


def _all(cases: tuple[Case, ...], folder: Path, only: list[str]) -> list[Outcome]:
    wanted = [case for case in cases if any(word in name for name in case.files for word in only)]
    return [_one(case, folder) for case in track(wanted, "trying", transient=True)]


def _one(case: Case, folder: Path) -> Outcome:
    try:
        if case.make is not None:
            case.make(folder)
    except (OSError, subprocess.CalledProcessError) as error:
        return Outcome(case, f"could not be made: {error}", right=False)
    return attempt(case, folder)


if __name__ == "__main__":
    if shutil.which("ffmpeg") is None:
        sys.exit(
            "benchmarks.media needs ffmpeg: apt-get install ffmpeg libavif-bin libheif-examples"
        )
    sys.exit(main())
