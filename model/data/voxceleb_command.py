"""``python -m model voxceleb``: make a pack of a tree in VoxCeleb's layout.

The people of such a pack are real: face and voice are one person's. One's own recordings, put into
the same folders, become a pack in the same way.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.progress import track

from model.data.faces import FaceAligner
from model.data.notes import Notes
from model.data.voxceleb import ListedTrial, VoxTree, read_trials
from model.data.voxceleb_pack import PackMaker, write_list
from model.data.voxceleb_trials import Lists, Material, listed_trials, made_trials
from model.outputs import folder
from model.runtime.weights import Weights


class Made(NamedTuple):
    """What came of a tree: people read, rows of faces.csv and voices.csv, the rest of the lists."""

    people: int
    faces: int
    voices: int
    lists: Lists
    notes: Notes


def main(argv: Sequence[str]) -> int:
    """Make the pack and print what it holds."""
    options = _parser().parse_args(argv)
    made = make_pack(
        options.root,
        options.out,
        trials=options.trials,
        part=options.set,
        faces_per_video=options.faces_per_video,
        seed=options.seed,
    )
    print(f"{options.out}: {made.people} people, {made.faces} faces, {made.voices} recordings")
    print(f"{len(made.lists.chimeras)} enrolments, {len(made.lists.trials)} trials")
    if made.lists.left_out:
        what = "trials without" if options.trials else "people without enough of"
        print(f"left out: {made.lists.left_out} {what} both a face and a voice")
    for line in made.notes.lines():
        print(line)
    return 0


def make_pack(
    root: Path,
    out: Path,
    *,
    trials: Path | None = None,
    part: str = "",
    faces_per_video: int = 3,
    seed: int = 1,
) -> Made:
    """Make a pack. A killed run goes on where it was.

    Args:
        root: of the tree.
        out: folder of the pack.
        trials: a trial list; the pack then holds its people and videos only. Without one, each
            person is enrolled with the first video and probed with the others.
        part: only people of this part by the metadata, "dev" or "test"; all where empty.
        faces_per_video: pictures taken of each video.
        seed: of the choice of impostors where there is no list.

    Raises:
        PackError: the tree is of another layout, a listed utterance is not there, or no trial is
            left.
    """
    tree = VoxTree(root)
    listed = read_trials(trials) if trials else []
    tree.check(listed)
    maker = PackMaker(
        tree, out, aligner=FaceAligner(Weights.load()), faces_per_video=faces_per_video
    )
    people = _read(tree, maker, listed, part)
    rng = np.random.default_rng(seed)
    lists = listed_trials(listed, people) if listed else made_trials([*people.values()], rng)
    for name, rows in zip(
        ("faces", "voices", "chimeras", "trials"),
        (maker.faces, maker.voices, *lists[:2]),
        strict=True,
    ):
        write_list(out / f"{name}.csv", rows)
    return Made(len(people), len(maker.faces), len(maker.voices), lists, maker.notes)


def _read(
    tree: VoxTree, maker: PackMaker, listed: Sequence[ListedTrial], part: str
) -> dict[str, Material]:
    """The material of all people, or of those that a trial list names, by id."""
    videos: dict[str, set[str]] = defaultdict(set)
    for trial in listed:
        for identity, video, _ in (trial.enrolled, trial.probe):
            videos[identity].add(video)
    people = [tree.person(name) for name in sorted(videos)] if listed else tree.people()
    chosen = [person for person in people if not part or person.part == part]
    return {
        person.id: maker.add(person, videos[person.id] if listed else None)
        for person in track(chosen, "reading people")
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model voxceleb", description=__doc__)
    add = parser.add_argument
    add("--root", type=Path, required=True, help="folder with wav/ (or aac/) and unzippedFaces/")
    add("--out", type=folder, required=True, help="folder of the pack to be made")
    add("--trials", type=Path, help="trial list such as Vox1-O; drawn at random without one")
    add("--set", default="", choices=("dev", "test"), help="only these people, by vox1_meta.csv")
    add("--faces-per-video", type=int, default=3, help="pictures taken of each video")
    add("--seed", type=int, default=1, help="of the choice of impostors")
    return parser
