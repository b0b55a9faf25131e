"""Runs steps one after the other, and leaves out what nothing has changed for."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.model_tables.steps import Place, Step
from model.errors import ModelError
from model.runtime.weights import MANIFEST, WEIGHTS_DIR

LISTS = ("faces.csv", "voices.csv", "chimeras.csv", "trials.csv", "talking.csv")


def run_all(
    todo: Sequence[Step],
    place: Place,
    *,
    say: Callable[[str], None],
    weights: Path = WEIGHTS_DIR,
    again: bool = False,
) -> None:
    """Run what is not done yet; killed and started anew, it goes on with the step it was at.

    Args:
        todo: in order.
        place: where they read and write.
        say: told what is going on.
        weights: folder of the model that is measured.
        again: run even what is done.

    Raises:
        ModelError: a step failed, or left out a file; those before it stay done.
    """
    for number, step in enumerate(todo, start=1):
        at = f"[{number}/{len(todo)}] {step.name}"
        if not again and is_done(step, place, weights):
            say(f"{at}: done before, and nothing has changed since")
            continue
        say(f"{at}: {' '.join(('python -m', step.module, *step.arguments))}")
        _run(step)
        note = _note(step, place)
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps({"inputs": inputs_of(step, place, weights)}), encoding="utf-8")


def is_done(step: Step, place: Place, weights: Path) -> bool:
    """Whether a step was run with these very weights, lists and arguments, and its files are here.

    Digests are compared, and no dates, which a checkout of the repository makes anew.
    """
    if not all(path.is_file() for path in step.writes) or not _note(step, place).is_file():
        return False
    try:
        known = json.loads(_note(step, place).read_text(encoding="utf-8"))["inputs"]
    except (ValueError, KeyError, TypeError):
        return False
    return bool(known == inputs_of(step, place, weights))


def inputs_of(step: Step, place: Place, weights: Path) -> str:
    """Digest of all that a step's outcome follows from, but the code; hexadecimal."""
    digest = hashlib.sha256("\0".join((step.module, *step.arguments)).encode())
    lists = [folder / name for folder in (place.pack, place.lessons) for name in LISTS]
    for path in (weights / MANIFEST, *lists, *step.reads):
        digest.update(path.read_bytes() if path.is_file() else b"none")
    return digest.hexdigest()


def put_under(page: Path, heading: str, tables: str) -> None:
    """Replace all that stands under a heading of a page, which the page ends with.

    The tables' own headings go a level down.

    Raises:
        ModelError: the page has no such line.
    """
    before, found, _ = page.read_text(encoding="utf-8").partition(f"\n{heading}\n")
    if not found:
        raise ModelError(f"{page} has no line {heading!r}: put it where the tables belong")
    lowered = re.sub(r"^#", "##", tables, flags=re.MULTILINE)
    page.write_text(f"{before}{found}\n{lowered}", encoding="utf-8")


def _run(step: Step) -> None:
    for path in step.writes:
        path.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([sys.executable, "-m", step.module, *step.arguments], check=False)
    if done.returncode:
        raise ModelError(
            f"{step.name} ended with {done.returncode}; mend what it says and start the same "
            "command again: what is done is kept"
        )
    if lacking := [path for path in step.writes if not path.is_file()]:
        raise ModelError(f"{step.name} did not write {', '.join(map(str, lacking))}")
    if step.into is not None and step.into[0].is_file():
        put_under(*step.into, step.writes[0].read_text(encoding="utf-8"))


def _note(step: Step, place: Place) -> Path:
    return place.scratch / f"{step.name}.json.done"
