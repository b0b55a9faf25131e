"""Speech and pictures as several towers see them, each input once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.sources.units import Portrait, Speech
from model.data.conditions import Condition, Treatment
from model.data.degrade import low_resolution
from model.data.embed import Memo, heard
from model.data.media import Picture, crop_face
from model.runtime.litert import LiteRtModel
from model.runtime.reference import FACE_SIZE, VOICE_SIZE
from model.types import Vector, VoiceQuality


class Towers:
    """A face tower and a voice tower out of one folder, with a memo.

    Args:
        name: for the tables.
        folder: with ``sface.tflite`` and ``campplus.tflite``.
        cache: folder of the memo.
    """

    def __init__(self, name: str, folder: Path, cache: Path) -> None:
        self.name, self._folder, self._cache = name, folder, cache
        self._face, self._face_memo = self._load("sface.tflite", FACE_SIZE)
        self._voice, self._voice_memo = self._load("campplus.tflite", VOICE_SIZE)

    def face(self, crop: Picture) -> Vector:
        """Embed a crop, uint8, shape (112, 112, 3)."""
        return self._face_memo.get(crop, lambda: self._face.run(crop[None].astype(np.float32))[0])

    def voice(self, fbank: Vector) -> Vector:
        """Embed features of speech, shape (frames, 80)."""
        return self._voice_memo.get(fbank, lambda: self._voice.run(fbank[None])[0])

    def _load(self, file: str, size: int) -> tuple[LiteRtModel, Memo]:
        path = self._folder / file
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        return LiteRtModel(path), Memo(self._cache / f"{path.stem}-{digest}.bin", size)


@dataclass(frozen=True)
class Embedded:
    """Units as one pair of towers sees them, in the units' order.

    Attributes:
        vectors: shape (n, d); NaN where there was nothing to embed.
        quality: of each, where it is speech.
    """

    vectors: Vector
    quality: tuple[VoiceQuality | None, ...] = ()


def embedded_speech(
    units: Sequence[Speech], treatment: Treatment, condition: str, towers: Sequence[Towers]
) -> list[Embedded]:
    """Cut each stretch once, and embed it by all towers."""
    parsed = Condition.parse(condition)
    rows: list[list[Vector]] = [[] for _ in towers]
    quality: list[VoiceQuality | None] = []
    for unit in units:
        speech = heard(treatment.voice(parsed, unit.files), whole=True)
        quality.append(None if speech is None else speech.quality)
        for made, each in zip(rows, towers, strict=True):
            made.append(np.full(VOICE_SIZE, np.nan) if speech is None else each.voice(speech.fbank))
    return [Embedded(np.stack(made), tuple(quality)) for made in rows]


def embedded_faces(
    units: Sequence[Portrait], condition: str, towers: Sequence[Towers]
) -> list[Embedded]:
    """Embed each picture by all towers; ``condition`` is "clean" or "lowres"."""
    crops = [
        crop_face(unit.picture if condition == "clean" else low_resolution(unit.picture))
        for unit in units
    ]
    return [Embedded(np.stack([each.face(crop) for crop in crops])) for each in towers]


def at_unit_length(vectors: NDArray[Any]) -> NDArray[np.float64]:
    """Vectors of shape (..., d) at unit length."""
    rows = np.asarray(vectors, np.float64)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12))
