"""Reading a data pack: lists of faces and voices, made-up people, trials.

A pack is a folder with ``faces.csv`` and ``voices.csv`` and, for evaluation, ``chimeras.csv``
(made-up people, each one face identity with one voice identity) and ``trials.csv``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from model.data.lists import read_list
from model.data.notes import Notes
from model.errors import PackError

GOOD_FLAGS = ("", "gray", "illumination", "same_recording")
NOISE_SUFFIX = "_noise"


@dataclass(frozen=True, slots=True)
class Sample:
    """One file of one person: a 160x160 picture or a piece of speech.

    Attributes:
        source: data set it comes from.
        identity: the person, unique within the pack: "source/name".
        path: the file.
        seconds: length of a voice file, 0 for a picture.
    """

    source: str
    identity: str
    path: Path
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Chimera:
    """A made-up person: the face of one identity with the voice of another."""

    name: str
    face_identity: str
    voice_identity: str
    faces: tuple[Path, ...]
    voices: tuple[Path, ...]

    @property
    def voice_source(self) -> str:
        """Data set that the voice comes from."""
        return self.voice_identity.split("/")[0]


KINDS = ("genuine", "impostor_both", "impostor_voice", "impostor_face")
"""Of trials, as lists name them; what is wrong stands in the name."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One comparison: a picture and some speech claimed to be a chimera's.

    Attributes:
        chimera: name of the claimed person.
        kind: "genuine", "impostor_both", "impostor_voice" (right face, wrong voice) or
            "impostor_face" (right voice, wrong face).
        mated: whether face and voice are both the claimed person's.
        face: probe picture.
        voices: probe speech, heard one file after the other.
    """

    chimera: str
    kind: str
    mated: bool
    face: Path
    voices: tuple[Path, ...]


class Selected(NamedTuple):
    """People with enough samples, and how many samples each of the others has."""

    kept: dict[str, list[Sample]]
    left_out: dict[str, int]


def people_with(samples: Sequence[Sample], *, least: int, notes: Notes | None = None) -> Selected:
    """Group samples by person and leave out who has too few.

    Args:
        samples: of one modality.
        least: samples that a person must have.
        notes: told who was left out.

    Returns:
        People in order of name.

    Raises:
        PackError: nobody is left.
    """
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.identity].append(sample)
    kept = {who: groups[who] for who in sorted(groups) if len(groups[who]) >= least}
    left_out = {who: len(groups[who]) for who in sorted(groups) if who not in kept}
    if not kept:
        most = max(left_out.values(), default=0)
        raise PackError(
            f"none of {len(left_out)} people has {least} samples or more (the most is {most}): "
            "add samples, or ask for fewer"
        )
    for who, count in left_out.items():
        if notes:
            notes.leave_out(who, count)
    return Selected(kept, left_out)


class Pack:
    """A folder of faces and voices in the layout above; lists are read when first asked for.

    Files are named relative to the pack's folder; an absolute path or a link is fine too.

    Args:
        root: the pack's folder.

    Attributes:
        notes: hand it to whoever reads the pack's files in bulk, and print it at the end.

    Raises:
        PackError: the folder, a list, a column or a listed file is missing.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise PackError(f"no data pack at {root}: give the folder that holds voices.csv")
        self.root = root
        self.name = root.name
        self.notes = Notes()

    @cached_property
    def faces(self) -> list[Sample]:
        """Pictures of people, without doubtful rows."""
        rows = self._rows("faces.csv", ("source", "identity", "file", "flag"))
        return [self._sample(row) for row in rows if row["flag_ok"]]

    @cached_property
    def voices(self) -> list[Sample]:
        """Speech of people, without doubtful rows and noise clips."""
        return [s for s in self._audio if not s.source.endswith(NOISE_SUFFIX)]

    @cached_property
    def noises(self) -> list[Sample]:
        """Noise clips; evaluation only."""
        return [s for s in self._audio if s.source.endswith(NOISE_SUFFIX)]

    @cached_property
    def chimeras(self) -> dict[str, Chimera]:
        """Made-up people by name."""
        columns = ("chimera", "face_identity", "voice_identity", "enroll_faces", "enroll_voices")
        return {row["chimera"]: self._chimera(row) for row in self._rows("chimeras.csv", columns)}

    @cached_property
    def trials(self) -> list[Trial]:
        """The trial list."""
        columns = ("chimera", "kind", "label", "probe_face", "probe_voice")
        return [self._trial(row) for row in self._rows("trials.csv", columns)]

    @cached_property
    def _audio(self) -> list[Sample]:
        rows = self._rows("voices.csv", ("source", "identity", "file", "seconds", "flag"))
        return [self._sample(row) for row in rows if row["flag_ok"]]

    def list_file(self, name: str) -> Path:
        """Where a list is.

        Raises:
            PackError: it is not there.
        """
        path = self.root / name
        if not path.is_file():
            raise PackError(f"pack {self.root} has no {name}: see the layout in docs/data.md")
        return path

    def _rows(self, name: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
        path = self.list_file(name)
        rows = read_list(path, columns)
        return [_judged(row, path, number) for number, row in enumerate(rows, start=2)]

    def _file(self, name: str, listed_in: str) -> Path:
        path = self.root / name
        if not path.is_file():
            raise PackError(
                f"{self.root / listed_in} names {name}, which is {_what_it_is(path)}: "
                "restore the file, or take its rows out of the list"
            )
        return path

    def _sample(self, row: dict[str, str]) -> Sample:
        listed_in = "voices.csv" if "seconds" in row else "faces.csv"
        path = self._file(row["file"], listed_in)
        identity = f"{row['source']}/{row['identity']}"
        return Sample(row["source"], identity, path, float(row.get("seconds") or 0))

    def _chimera(self, row: dict[str, str]) -> Chimera:
        faces, voices = (
            tuple(self._file(f, "chimeras.csv") for f in row[column].split(";") if f)
            for column in ("enroll_faces", "enroll_voices")
        )
        return Chimera(row["chimera"], row["face_identity"], row["voice_identity"], faces, voices)

    def _trial(self, row: dict[str, str]) -> Trial:
        if row["chimera"] not in self.chimeras:
            raise PackError(
                f"{self.root / 'trials.csv'} names {row['chimera']}, which chimeras.csv does not: "
                "add the person there, or take the trials out"
            )
        if row["label"] not in ("0", "1"):
            raise PackError(
                f"{self.root / 'trials.csv'} has the label {row['label']!r}: use 0 or 1"
            )
        if row["kind"] not in KINDS:  # by it a right face counts as one, and a right voice
            raise PackError(
                f"{self.root / 'trials.csv'} has the kind {row['kind']!r}: use {', '.join(KINDS)}"
            )
        if (row["kind"] == "genuine") != (row["label"] == "1"):
            raise PackError(
                f"{self.root / 'trials.csv'} has the label {row['label']} beside the kind "
                f"{row['kind']}: genuine trials have 1, all others 0"
            )
        face = self._file(row["probe_face"], "trials.csv")
        voices = tuple(self._file(f, "trials.csv") for f in row["probe_voice"].split("+"))
        return Trial(row["chimera"], row["kind"], row["label"] == "1", face, voices)


def _what_it_is(path: Path) -> str:
    """Of what is no file, why not."""
    if path.is_symlink():
        return "a link to nothing, or to itself"
    return "a folder or device, and no file" if path.exists() else "not there"


def _judged(row: dict[str, str], path: Path, number: int) -> dict[str, str]:
    """Mark whether a row's flags leave it usable (flags are joined by commas)."""
    if None in row or None in row.values() or not _is_number(row.get("seconds") or "0"):
        raise PackError(f"row {number} of {path} is cut short or garbled: write the list again")
    flags = row.get("flag", "").split(",")
    return {**row, "flag_ok": "yes" if all(f in GOOD_FLAGS for f in flags) else ""}


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
