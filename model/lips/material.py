"""All that training and evaluation read, made of a pack once and kept in a folder."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from model.data.lists import read_list
from model.data.media import read_picture
from model.errors import PackError
from model.lips.clips import Clip, keep, keep_stills, listed, load
from model.lips.mesh import LEAST_PRESENCE, FaceMesh
from model.runtime.detect import FaceDetector
from model.runtime.weights import Weights
from model.training.files import write_whole

STILLS = "stills.npz"
T = TypeVar("T")


@dataclass(frozen=True)
class Stills:
    """Mouths of still pictures of many people.

    Attributes:
        mouths: uint8, shape (n, 72, 72), grey.
        points: float32, shape (n, 43, 2), in their pixels.
    """

    mouths: NDArray[np.uint8]
    points: NDArray[np.float32]


class Material:
    """A pack's talking clips and still faces.

    Args:
        root: the pack's folder.
        kept: folder that keeps what was read, of this pack alone.
        mesh: path of the face mesh; wanted only where something is not kept yet.
    """

    def __init__(self, root: Path, kept: Path, mesh: Path | None = None) -> None:
        self.root = root
        self._kept = kept
        self._mesh_path = mesh
        self._mesh: FaceMesh | None = None

    def clips(self) -> list[Clip]:
        """All clips in which a face was found, in the order of the list.

        Raises:
            PackError: the pack lists none, or one must be read and no mesh was named.
            WeightsError: the mesh is missing or another one.
        """
        clips = []
        detector = FaceDetector(Weights.load().path("face_detector"))
        for entry in told(listed(self.root), "reading clips"):
            path = self._kept / f"{entry.path.stem}.npz"
            faceless = path.with_suffix(".faceless")
            if faceless.exists():
                continue
            if path.is_file() or keep(entry, path, detector, self._teacher()):
                clips.append(load(entry, path))
            else:
                faceless.touch()
        return clips

    def stills(self) -> Stills:
        """Mouths of the pack's still faces in which the mesh is sure of a face.

        Raises:
            PackError: the pack lists none, or they must be read and no mesh was named.
            WeightsError: the mesh is missing or another one.
        """
        path = self._kept / STILLS
        if not path.is_file():
            pictures = [read_picture(file) for file in told(self._faces(), "reading faces")]
            mouths, points, presence = keep_stills(pictures, self._teacher())
            sure = presence > LEAST_PRESENCE
            buffer = io.BytesIO()
            np.savez(buffer, mouths=mouths[sure], points=points[sure])
            write_whole(path, buffer.getvalue())
        with np.load(path, allow_pickle=False) as file:
            return Stills(file["mouths"], file["points"])

    def _faces(self) -> list[Path]:
        """Colour pictures of people in motion: those posed for their light have mouths shut."""
        rows = read_list(self.root / "faces.csv", ("file", "flag"))
        return [self.root / row["file"] for row in rows if not row["flag"]]

    def _teacher(self) -> FaceMesh:
        if self._mesh is None:
            if self._mesh_path is None:
                raise PackError(
                    f"{self._kept} lacks some of {self.root}: name the face mesh with --mesh to "
                    "read it"
                )
            self._mesh = FaceMesh(self._mesh_path)
        return self._mesh


def told(items: Sequence[T], what: str) -> Iterable[T]:
    """Go through items with a bar in a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(items, description=what, console=console, disable=not console.is_terminal)


def by_person(clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    """Clips of each person, people in order of name."""
    people = sorted({clip.identity for clip in clips})
    return {who: [clip for clip in clips if clip.identity == who] for who in people}
