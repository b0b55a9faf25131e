"""The files and rows of a pack made of a tree in VoxCeleb's layout.

Face crops are aligned into the pack; speech stays where it is, behind a link.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import av
import cv2
import numpy as np
from av.error import FFmpegError

from model.data.faces import FaceAligner
from model.data.media import Picture, read_image
from model.data.notes import Notes
from model.data.voxceleb import Person, VoxTree
from model.data.voxceleb_trials import Material
from model.errors import PackError

FACES, VOICES = "faces160", "voices"
_JPEG_QUALITY = 95
_SOURCE = "voxceleb"
"""Name of the data set in the lists."""


class PackMaker:
    """Turns people of a tree into rows of a pack's lists.

    Args:
        tree: to read.
        out: folder of the pack; made where it is missing.
        aligner: finds the faces.
        faces_per_video: pictures taken of each video, spread over its length.

    Raises:
        PackError: the pack links to another tree's speech.
    """

    def __init__(
        self,
        tree: VoxTree,
        out: Path,
        *,
        aligner: FaceAligner,
        faces_per_video: int = 3,
    ) -> None:
        self.notes = Notes()
        self.faces: list[dict[str, str]] = []
        self.voices: list[dict[str, str]] = []
        self._tree, self._out, self._aligner = tree, out, aligner
        self._most = faces_per_video
        out.mkdir(parents=True, exist_ok=True)
        _link(out / VOICES, tree.audio)

    def add(self, person: Person, videos: Collection[str] | None = None) -> Material:
        """List one person's speech and align their faces.

        Args:
            person: of the tree.
            videos: only these; all where not given.
        """
        found = Material(f"{_SOURCE}/{person.id}", {}, {})
        for video, files in self._tree.utterances(person).items():
            if videos is None or video in videos:
                found.voices[video] = [v for f in files if (v := self._voice(person, video, f))]
        for video, files in self._tree.crops(person).items():
            if videos is None or video in videos:
                found.faces[video] = self._aligned(person, video, files)
        return found

    def _voice(self, person: Person, video: str, path: Path) -> tuple[str, float] | None:
        name = f"{VOICES}/{person.id}/{video}/{path.name}"
        try:
            _check_name(name, ";+", path)
            seconds = _seconds(path)
        except PackError as error:
            self.notes.skip(path, str(error))
            return None
        self.voices.append(self._row(person, video, name) | {"seconds": f"{seconds:.3f}"})
        return name, seconds

    def _aligned(self, person: Person, video: str, files: Sequence[Path]) -> list[str]:
        names: list[str] = []
        for path in spread(files, 3 * self._most):
            stem = path.stem if path.suffix == ".jpg" else path.name
            name = f"{FACES}/{person.id}/{video}/{stem}.jpg"
            if len(names) < self._most and self._align(path, self._out / name):
                self.faces.append(self._row(person, video, name))
                names.append(name)
        return names

    def _align(self, path: Path, out: Path) -> bool:
        """Whether there is a face; what an earlier run aligned is taken as it is."""
        try:
            _check_name(str(out.relative_to(self._out)), ";", path)
            if not out.is_file():
                _write_picture(out, self._aligner.aligned(read_image(path)))
        except PackError as error:
            self.notes.skip(path, str(error) if str(path) in str(error) else f"{path}: {error}")
            return False
        return True

    def _row(self, person: Person, video: str, name: str) -> dict[str, str]:
        return {
            "source": _SOURCE,
            "identity": person.id,
            "file": name,
            "session": video,
            "gender": person.gender,
            "nationality": person.nationality,
            "set": person.part,
            "flag": "",
        }


def spread(files: Sequence[Path], count: int) -> list[Path]:
    """Up to ``count`` of them from all over, the first third of which is spread out itself."""
    if len(files) > count:
        files = [files[round((k + 0.5) * len(files) / count - 0.5)] for k in range(count)]
    return [*files[1::3], *files[0::3], *files[2::3]]


def write_list(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write one of a pack's lists; it is there whole or not at all.

    Args:
        path: of the list.
        rows: at least one, all of the same columns.
    """
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    os.replace(unfinished, path)


def _check_name(name: str, joints: str, path: Path) -> None:
    """Refuse a file whose name, folders included, the lists could not tell from several."""
    if set(name) & set(joints):
        raise PackError(
            f"{path} has a {' or '.join(map(repr, joints))} in its name or folder, which the lists "
            "join names by: rename it"
        )


def _seconds(path: Path) -> float:
    """Length of a sound file by its header."""
    try:
        with av.open(str(path)) as container:
            if container.streams.audio and container.duration:
                return container.duration / av.time_base
    except FFmpegError as error:
        raise PackError(f"{path} holds no sound that can be decoded ({error})") from error
    raise PackError(f"{path} holds no sound")


def _link(link: Path, target: Path) -> None:
    if not link.is_symlink():
        link.symlink_to(target.resolve(), target_is_directory=True)
    if link.resolve() != target.resolve():
        raise PackError(f"{link} leads to {link.resolve()}: make this pack in another folder")


def _write_picture(path: Path, picture: Picture) -> None:
    """Whole or not at all, so that a killed run leaves nothing half done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    bgr = np.ascontiguousarray(picture[:, :, ::-1])
    _, coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    unfinished.write_bytes(coded.tobytes())
    os.replace(unfinished, path)
