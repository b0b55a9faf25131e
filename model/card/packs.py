"""Counts of packs: who is in them, and how many made-up people split one recording."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

from model.card.markdown import made_by, missing, table
from model.data.lists import read_list
from model.data.packs import Pack, Sample

HEAD = ("pack, source", "what", "people", "files", "minutes")


def packs(roots: Iterable[Path]) -> str:
    """A table of the packs' sources, and what their trials are made of.

    Args:
        roots: folders of packs; none: says that they were not counted.

    Raises:
        PackError: a pack lacks a list or a file.
    """
    opened = [Pack(root) for root in roots]
    if not opened:
        remedy = "give it the folders of the packs for training and evaluation"
        return missing("numbers of people, files and noise clips", "`--packs`", remedy)
    rows = [row for pack in opened for row in _sources(pack)]
    lines = [line for pack in opened if (line := _trials(pack))]
    lines += [_shared(a, b) for a, b in combinations(opened, 2)]
    names = ", ".join(f"`{pack.name}`" for pack in opened)
    counts = "\n".join([table(HEAD, rows), "", *lines])
    return made_by(counts.strip(), f"`python -m model card --packs` out of the lists of {names}")


def split_recordings(pack: Pack) -> int | None:
    """Made-up people whom a genuine trial probes with another piece of an enrolled recording.

    None where voices.csv has no column ``original``.
    """
    rows = read_list(pack.root / "voices.csv", ("file",))
    if not rows or "original" not in rows[0]:
        return None
    originals = {pack.root / row["file"]: row["original"] for row in rows}
    probed: dict[str, set[str]] = defaultdict(set)
    for trial in pack.trials:
        if trial.mated:
            probed[trial.chimera] |= {originals.get(voice, "") for voice in trial.voices}
    enrolled = {
        name: {originals.get(voice, "") for voice in chimera.voices}
        for name, chimera in pack.chimeras.items()
    }
    return sum(bool((enrolled[name] & probed[name]) - {""}) for name in enrolled)


def _sources(pack: Pack) -> list[list[str]]:
    rows = []
    kinds = {"faces": pack.faces, "speech": pack.voices, "noise": pack.noises}
    for what, samples in kinds.items():
        by_source: dict[str, list[Sample]] = defaultdict(list)
        for sample in samples:
            by_source[sample.source].append(sample)
        for source, some in sorted(by_source.items()):
            people = "-" if what == "noise" else str(len({sample.identity for sample in some}))
            minutes = sum(sample.seconds for sample in some) / 60
            length = "-" if what == "faces" else f"{minutes:.1f}"
            rows.append([f"{pack.name}, {source}", what, people, str(len(some)), length])
    return rows


def _trials(pack: Pack) -> str:
    """A line on a pack's made-up people; "" where it has none."""
    if not (pack.root / "trials.csv").is_file():
        return ""
    split = split_recordings(pack)
    of_one = (
        "its lists do not say which pieces of speech are of one recording"
        if split is None
        else f"{split} of them are enrolled and probed with pieces of one and the same recording"
    )
    people = len(pack.chimeras)
    return f"- `{pack.name}`: {people} made-up people in {len(pack.trials)} trials; {of_one}."


def _shared(a: Pack, b: Pack) -> str:
    """A line on the people who are in both packs."""
    faces, voices = (
        len({sample.identity for sample in one} & {sample.identity for sample in other})
        for one, other in ((a.faces, b.faces), (a.voices, b.voices))
    )
    return (
        f"- In both `{a.name}` and `{b.name}`: {faces} faces' people and {voices} voices' people."
    )
