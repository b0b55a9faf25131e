"""The peer's calibration and fusion: logistic regressions on its two scores and their product.

Faces are compared by the Euclidean distance of encodings, as face_recognition's ``face_distance``
does, voices by the cosine of embeddings, as Resemblyzer's users do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import WeightsError

FORMAT = 1
DEFAULT_PATH = Path(__file__).with_name("fusion.json")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PeerFusion:
    """Natural-log LLRs out of the face distance and the voice cosine of probe and reference.

    Attributes:
        face: slope and offset of the face alone.
        voice: slope and offset of the voice alone.
        joint: weights of face, voice and their product, then the offset, of both together.
    """

    face: tuple[float, ...]
    voice: tuple[float, ...]
    joint: tuple[float, ...]

    @classmethod
    def read(cls, path: Path = DEFAULT_PATH) -> PeerFusion:
        """Read what ``fit-peer`` wrote.

        Raises:
            WeightsError: the file is missing or of another format.
        """
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            lines = [tuple(map(float, found[name])) for name in ("face", "voice", "joint")]
            fits = found["format"] == FORMAT and [len(line) for line in lines] == [2, 2, 4]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WeightsError(f"{path} cannot be read; run 'python -m model fit-peer'") from error
        if not fits:
            raise WeightsError(f"{path} is of another format; run 'python -m model fit-peer'")
        return cls(*lines)

    def write(self, path: Path, about: Mapping[str, Any]) -> None:
        """Write the numbers and how they were made."""
        found = {"format": FORMAT, **asdict(self), "made_by": dict(about)}
        path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")

    def face_llr(self, distance: Floats) -> Floats:
        """LLR of the face alone; any shape."""
        return _weigh(self.face, distance)

    def voice_llr(self, cosine: Floats) -> Floats:
        """LLR of the voice alone; any shape."""
        return _weigh(self.voice, cosine)

    def joint_llr(self, distance: Floats, cosine: Floats) -> Floats:
        """LLR of both being the claimed person's; arguments of one shape."""
        return _weigh(self.joint, distance, cosine, distance * cosine)


def features(*columns: Floats) -> Floats:
    """The columns and a column of ones, shape (..., columns + 1)."""
    filled = [np.asarray(column, dtype=np.float64) for column in columns]
    return np.stack([*filled, np.ones_like(filled[0])], axis=-1)


def face_reference(vectors: NDArray[Any]) -> Floats:
    """Mean of a person's encodings, shape (n, d)."""
    return np.asarray(np.mean(vectors, axis=0, dtype=np.float64))


def face_distance(reference: Floats, probe: NDArray[Any]) -> Floats:
    """Euclidean distance of encodings, shape (d,); a scalar array."""
    return np.asarray(np.linalg.norm(reference - probe))


def voice_reference(vectors: NDArray[Any]) -> Floats:
    """Mean of a person's embeddings, shape (n, d), at unit length (``embed_speaker``)."""
    mean = np.mean(vectors, axis=0, dtype=np.float64)
    return np.asarray(mean / np.linalg.norm(mean))


def voice_cosine(reference: Floats, probe: NDArray[Any]) -> Floats:
    """Cosine of embeddings, shape (d,); a scalar array."""
    return np.asarray(reference @ probe / np.linalg.norm(probe))


def _weigh(weights: tuple[float, ...], *columns: Floats) -> Floats:
    return np.asarray(features(*columns) @ np.array(weights))
