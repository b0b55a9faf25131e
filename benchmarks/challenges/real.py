"""How the points of real heads move that turn a little, as they talk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from model.lips.clips import listed
from model.runtime.detect import FaceDetector
from model.runtime.mesh import LEAST_PRESENCE, FaceMesh
from model.runtime.relief import Relief, relief
from model.runtime.turning import bearing

_EVERY_CLIP, _EVERY_PICTURE = 2, 3
_LEAST_PICTURES = 5


@dataclass(frozen=True)
class RealTurn:
    """One picture against the straightest of its clip."""

    identity: str
    relief: Relief


def real_turns(pack: Path, detector: FaceDetector, mesh: FaceMesh) -> list[RealTurn]:
    """Those of a pack's clips; none where it has no clips."""
    turns: list[RealTurn] = []
    for clip in listed(pack)[::_EVERY_CLIP]:
        faces = _faces(clip.path, detector, mesh)
        if len(faces) < _LEAST_PICTURES:
            continue
        rest = min(faces, key=lambda one: one[0])[1]
        found = [relief(rest, points) for _, points in faces if points is not rest]
        turns += [RealTurn(clip.identity, one) for one in found if one is not None]
    return turns


def _faces(
    path: Path, detector: FaceDetector, mesh: FaceMesh
) -> Sequence[tuple[float, NDArray[np.float32]]]:
    """How far each is turned by its landmarks, and its points."""
    faces: list[tuple[float, NDArray[np.float32]]] = []
    with av.open(path) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % _EVERY_PICTURE:
                continue
            image = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            for face in detector.detect(image)[:1]:
                points, presence = mesh.locate(image, face.box, face.landmarks)
                seen = bearing(face.landmarks)
                if presence >= LEAST_PRESENCE and seen is not None:
                    faces.append((abs(seen.parallax), points))
    return faces
