"""Trees in the layout of VoxCeleb (Nagrani et al. 2017; Chung et al. 2018), and its trial lists.

Speech lies in ``ROOT/wav/PERSON/VIDEO/UTTERANCE.wav`` (or ``aac``; .m4a, .flac and .opus too), face
crops in ``ROOT/unzippedFaces/PERSON/1.6/VIDEO/*.jpg`` (or ``faces``; the 1.6 may be left out).
VoxCeleb1 names the person in the latter by name; ``vox1_meta.csv`` says which id that is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model.data.lists import read_text
from model.errors import PackError

AUDIO_FOLDERS = ("wav", "aac")
FACE_FOLDERS = ("unzippedFaces", "faces")
META_FILES = ("vox1_meta.csv", "vox2_meta.csv")
AUDIO_SUFFIXES = (".wav", ".m4a", ".flac", ".opus")
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True)
class Person:
    """Someone in the tree; what the metadata does not tell is "".

    Attributes:
        id: folder of their speech, such as "id10270".
        name: folder of their face crops, where it is another.
        gender: "m" or "f".
        nationality: as VoxCeleb1 gives it.
        part: "dev" or "test".
    """

    id: str
    name: str = ""
    gender: str = ""
    nationality: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class ListedTrial:
    """A line of a trial list: two utterances, each as (person, video, utterance)."""

    mated: bool
    enrolled: tuple[str, str, str]
    probe: tuple[str, str, str]


class VoxTree:
    """A tree in VoxCeleb's layout.

    Args:
        root: holds the folders of speech and of face crops.

    Raises:
        PackError: one of the folders is missing, or the metadata is garbled.
    """

    def __init__(self, root: Path) -> None:
        self.audio = _folder(root, AUDIO_FOLDERS)
        self.faces = _folder(root, FACE_FOLDERS)
        self._known = _read_meta(root)

    def people(self) -> list[Person]:
        """Everyone with speech, in order of id."""
        ids = sorted(entry.name for entry in self.audio.iterdir() if entry.is_dir())
        return [self.person(name) for name in ids]

    def person(self, identity: str) -> Person:
        """What is known of one of them."""
        return self._known.get(identity, Person(identity))

    def utterances(self, person: Person) -> dict[str, list[Path]]:
        """Speech files of each video."""
        return _by_video(self.audio / person.id, AUDIO_SUFFIXES)

    def check(self, trials: Sequence[ListedTrial]) -> None:
        """See that each utterance of a list is there, whatever its suffix.

        Raises:
            PackError: one is not (which one).
        """
        for place in {place for trial in trials for place in (trial.enrolled, trial.probe)}:
            path = str(self.audio.joinpath(*place))
            if not any(Path(path + suffix).is_file() for suffix in AUDIO_SUFFIXES):
                raise PackError(
                    f"the trial list names {'/'.join(place)}, which is not in {self.audio}: "
                    "restore the file, or take its lines out of the list"
                )

    def crops(self, person: Person) -> dict[str, list[Path]]:
        """Face crops of each video; none where there is no folder for the person."""
        for name in filter(None, (person.id, person.name)):
            for folder in (self.faces / name / "1.6", self.faces / name):
                if folder.is_dir():
                    return _by_video(folder, PICTURE_SUFFIXES)
        return {}


def read_trials(path: Path) -> list[ListedTrial]:
    """Read a list such as Vox1-O.

    Its lines: ``1 id10270/x6uYqmx31kE/00001.wav id10270/8jEAjG6SegY/00008.wav``, 1 for mated.

    Raises:
        PackError: the file is missing or empty, or a line is of another form (which one).
    """
    lines = read_text(path).splitlines()
    trials = [
        _listed(line, f"line {n} of {path}") for n, line in enumerate(lines, 1) if line.strip()
    ]
    if not trials:
        raise PackError(f"the trial list {path} is empty")
    return trials


def _listed(line: str, where: str) -> ListedTrial:
    label, *names = line.split()
    places = [tuple(Path(name).with_suffix("").parts) for name in names]
    if label not in ("0", "1") or [len(place) for place in places] != [3, 3]:
        raise PackError(
            f"{where} is no trial: write '1 PERSON/VIDEO/UTTERANCE.wav PERSON/VIDEO/UTTERANCE.wav'"
        )
    (a, b, c), (d, e, f) = places
    return ListedTrial(label == "1", (a, b, c), (d, e, f))


def _folder(root: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (root / name).is_dir():
            return root / name
    raise PackError(f"{root} has no folder {' or '.join(names)}: give the root of a VoxCeleb tree")


def _by_video(folder: Path, suffixes: tuple[str, ...]) -> dict[str, list[Path]]:
    videos = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    found = {
        video.name: sorted(f for f in video.iterdir() if f.suffix.lower() in suffixes)
        for video in videos
    }
    return {video: files for video, files in found.items() if files}


def _read_meta(root: Path) -> dict[str, Person]:
    """By id. Columns are parted by tabs in VoxCeleb1's file, by commas in VoxCeleb2's.

    A spreadsheet may have put semicolons in their place.
    """
    people = {}
    for path in (root / name for name in META_FILES):
        if path.is_file():
            lines = [line for line in read_text(path).splitlines() if line.strip()]
            rows = [[cell.strip() for cell in re.split(r"[\t,;]", line)] for line in lines]
            people.update({row[0]: _person(rows[0], row, path) for row in rows[1:]})
    return people


def _person(head: list[str], row: list[str], path: Path) -> Person:
    if len(row) != len(head):
        raise PackError(f"{path} has a row of {len(row)} columns, not {len(head)}: {row[0]}")
    of = dict(zip((name.lower() for name in head), row, strict=True))
    name = next((cell for column, cell in of.items() if column.startswith("vggface")), "")
    return Person(row[0], name, of.get("gender", ""), of.get("nationality", ""), of.get("set", ""))
