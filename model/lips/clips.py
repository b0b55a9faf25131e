"""Talking heads of a pack: clips with picture and sound, read once and kept as mouths.

A pack lists them in ``talking.csv`` (source, identity, file) or, where kinds of clips are mixed,
in ``av.csv``, of which the rows of kind "real" count. What is kept is for this machine alone: it
shows parts of people's faces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from model.data.lists import read_list
from model.data.media import SAMPLE_RATE_HZ, read_voice
from model.errors import PackError
from model.lips.mesh import FaceMesh
from model.lips.points import POINTS
from model.runtime.align import similarity, template
from model.runtime.detect import DetectedFace, FaceDetector
from model.runtime.mouth import SIDE_PX, STEP_S, mouth, nearest, of_face, steady
from model.training.files import write_whole

LISTS = ("talking.csv", "av.csv")
MARGIN_PX = 8
"""Mouths are kept with so much more on each side, for training to move them about."""
KEPT_PX = SIDE_PX + 2 * MARGIN_PX
LEAST_FOUND = 0.8
"""Share of a clip's pictures in which a face must be found."""

_ALIGNED_PX = 160
_CORNER = np.array([44.0, 78.0])
"""Left and top of what is kept, in an aligned face of 160 pixels."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A clip that a pack lists: source, person ("source/name") and file."""

    source: str
    identity: str
    path: Path


@dataclass(frozen=True)
class Clip:
    """A clip on the clock of 25 steps a second.

    Attributes:
        source: data set.
        identity: the person, "source/name".
        mouths: uint8, shape (steps, 72, 72), grey, with a margin of 8 pixels.
        points: float32, shape (steps, 43, 2), of the lips in pixels of ``mouths``, by the mesh.
        sound: int16, mono at 16 kHz, as long as the steps or a little longer.
    """

    source: str
    identity: str
    mouths: NDArray[np.uint8]
    points: NDArray[np.float32]
    sound: NDArray[np.int16]

    @property
    def steps(self) -> int:
        """How many steps of 40 ms there are."""
        return len(self.mouths)


def listed(root: Path) -> list[Listed]:
    """The talking clips of a pack.

    Raises:
        PackError: the pack has no list of them, or a list lacks a column.
    """
    found = [clip for name in LISTS if (root / name).is_file() for clip in _rows(root, name)]
    if not found:
        raise PackError(f"pack {root} lists no talking clips: it needs {' or '.join(LISTS)}")
    return found


def _rows(root: Path, name: str) -> Iterator[Listed]:
    for row in read_list(root / name, ("source", "identity", "file")):
        if row.get("kind", "real") == "real":
            identity = f"{row['source']}/{row['identity']}"
            yield Listed(row["source"], identity, root / row["file"])


def keep(clip: Listed, path: Path, detector: FaceDetector, mesh: FaceMesh) -> bool:
    """Read a clip and write what training and evaluation need of it.

    Args:
        clip: which one.
        path: the file to write.
        detector: finds the face.
        mesh: finds the lips.

    Returns:
        Whether a face was found in enough of its pictures; nothing is written where not.

    Raises:
        PackError: the file cannot be decoded.
    """
    times_s, pictures = read_pictures(clip.path)
    faces = follow(pictures, detector)
    found = [index for index, face in enumerate(faces) if face is not None]
    if len(found) < LEAST_FOUND * len(pictures):
        return False
    known = [faces[min(found, key=lambda at: abs(at - k))] for k in range(len(pictures))]
    whole = [face for face in known if face is not None]
    still = steady(times_s, np.stack([face.landmarks for face in whole]))
    mouths, points = [], []
    for picture, face, landmarks in zip(pictures, whole, still, strict=True):
        mouths.append(mouth(picture, landmarks, margin_px=MARGIN_PX))
        seen, _ = mesh.find(picture, face.box, face.landmarks)
        there = similarity(landmarks, template(_ALIGNED_PX))
        points.append(seen[list(POINTS)] @ there[:, :2].T + there[:, 2] - _CORNER)
    sound = (np.clip(read_voice(clip.path), -1, 1) * 32767).astype(np.int16)
    _write(path, times_s=times_s, mouths=np.stack(mouths), points=np.stack(points), sound=sound)
    return True


def load(clip: Listed, path: Path) -> Clip:
    """A kept clip, its pictures put on the common clock.

    Raises:
        PackError: the file is missing or garbled.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            times_s, mouths, points = file["times_s"], file["mouths"], file["points"]
            sound = file["sound"]
    except (OSError, ValueError, KeyError) as error:
        raise PackError(f"{path} is no kept clip ({error}): delete it and start again") from error
    shown = int((times_s[-1] - times_s[0]) / STEP_S) + 1
    heard = int(len(sound) / SAMPLE_RATE_HZ / STEP_S)
    chosen = nearest(times_s, 0.0, min(shown, heard))
    points = points[chosen].astype(np.float32)
    return Clip(clip.source, clip.identity, mouths[chosen], points, sound)


def keep_stills(
    pictures: Sequence[NDArray[np.uint8]], mesh: FaceMesh
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    """Mouths and points of aligned faces, as a pack's ``faces160`` holds them.

    Args:
        pictures: uint8, shape (160, 160, 3), RGB.
        mesh: finds the lips.

    Returns:
        Mouths, shape (n, 72, 72); points in their pixels, shape (n, 43, 2); log-odds of a face.
    """
    where = template(_ALIGNED_PX)
    box = (30.0, 16.0, 100.0, 130.0)  # of a face whose landmarks are those of the template
    mouths, points, presence = [], [], []
    for picture in pictures:
        bgr = np.ascontiguousarray(picture[:, :, ::-1])
        seen, sure = mesh.find(bgr, box, where)
        grey = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)
        mouths.append(of_face(grey, margin_px=MARGIN_PX))
        points.append(seen[list(POINTS)] - _CORNER)
        presence.append(sure)
    return np.stack(mouths), np.stack(points).astype(np.float32), np.array(presence, np.float32)


def read_pictures(path: Path) -> tuple[NDArray[np.float64], list[NDArray[np.uint8]]]:
    """Decode all pictures of a clip.

    Returns:
        When each is shown, in seconds; the pictures, uint8 (height, width, 3), BGR.

    Raises:
        PackError: the file holds no pictures that can be decoded.
    """
    try:
        with av.open(str(path)) as container:
            shown = [
                (float(frame.time), np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
                for frame in container.decode(video=0)
                if frame.time is not None
            ]
    except (FFmpegError, IndexError, OSError) as error:
        raise PackError(f"{path} holds no pictures that can be decoded ({error})") from error
    if not shown:
        raise PackError(f"{path} holds no pictures: replace it or take it out")
    return np.array([time_s for time_s, _ in shown]), [picture for _, picture in shown]


def follow(
    pictures: Sequence[NDArray[np.uint8]], detector: FaceDetector
) -> list[DetectedFace | None]:
    """The largest face of each picture, searched near where it was."""
    faces: list[DetectedFace | None] = []
    last: DetectedFace | None = None
    for picture in pictures:
        found = detector.detect_near(picture, last.box) if last else []
        found = found or detector.detect(picture)
        last = max(found, key=lambda face: face.box[2] * face.box[3], default=None)
        faces.append(last)
    return faces


def _write(path: Path, **arrays: NDArray[np.generic]) -> None:
    import io

    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # numpy types the names of savez as flags
    write_whole(path, buffer.getvalue())
