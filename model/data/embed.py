"""Samples from pictures and speech, cut and measured as serving does, each embedded once."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.data.align import TEMPLATE
from model.data.media import Picture, Samples, crop_face
from model.runtime.detect import DetectedFace, FaceDetector
from model.runtime.face import EMBEDDING_SIZE, FaceTower
from model.runtime.quality import crop_quality, pose
from model.runtime.reference import VOICE_SIZE
from model.runtime.speech import Speech, cut_speech, whole_speech
from model.runtime.telephone import as_by_telephone
from model.runtime.voice import VoiceTower
from model.runtime.weights import Weights
from model.types import FaceQuality, FaceSample, Vector, VoiceSample

NO_FACE = (math.nan, math.nan, 0.0)
"""Yaw, pitch and detection score of a picture in which the detector finds no face."""


class Memo:
    """Remembers a network's outputs on disk by the digest of its exact input.

    The file is a run of fixed-size records, only ever appended to, so a killed run costs at most
    its last record.

    Args:
        path: the file; made with its folder when first written to. None to remember nothing.
        size: length of the vectors.
    """

    def __init__(self, path: Path | None, size: int) -> None:
        self._path = path
        self._record = np.dtype([("key", "V16"), ("vector", "<f4", (size,))])
        self._known: dict[bytes, Vector] = {}
        if path and path.is_file():
            count = path.stat().st_size // self._record.itemsize
            os.truncate(path, count * self._record.itemsize)
            for row in np.fromfile(path, self._record, count):
                self._known[row["key"].tobytes()] = row["vector"]

    def get(self, value: NDArray[Any], make: Callable[[], Vector]) -> Vector:
        """The vector of this input, made and kept where it is new."""
        if self._path is None:
            return np.asarray(make(), dtype=np.float32)
        digest = hashlib.blake2b(np.ascontiguousarray(value).tobytes(), digest_size=16).digest()
        if digest not in self._known:
            self._known[digest] = np.asarray(make(), dtype=np.float32)
            self._append(self._path, digest, self._known[digest])
        return self._known[digest]

    def _append(self, path: Path, digest: bytes, vector: Vector) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        row = np.zeros(1, self._record)
        row["key"], row["vector"] = np.void(digest), vector
        with path.open("ab") as file:
            row.tofile(file)


class Embedder:
    """Turns pictures and speech of a pack into samples, by the parts that serving runs.

    Args:
        weights: the towers and the detector.
        cache: folder for the memo; None to remember nothing.

    Raises:
        WeightsError: a part is missing or cannot be loaded.
    """

    def __init__(self, weights: Weights, *, cache: Path | None) -> None:
        self._face_tower, self._voice_tower = FaceTower(weights), VoiceTower(weights)
        self._detector = FaceDetector(weights.path("face_detector"))

        def memo(part: str, size: int) -> Memo:
            digest = weights.manifest["parts"][part]["sha256"][:8]
            return Memo(cache and cache / f"{part}-{digest}.bin", size)

        self._faces = memo("face_tower", EMBEDDING_SIZE)
        self._voices = memo("voice_tower", VOICE_SIZE)
        self._looks = memo("face_detector", len(NO_FACE))

    @classmethod
    def of_weights(
        cls, weights: Weights, *, cache: Path | None = Path(".cache/embeddings")
    ) -> Embedder:
        """With a memo in the usual place."""
        return cls(weights, cache=cache)

    def face(self, picture: Picture) -> FaceSample:
        """Embed and measure an aligned picture.

        Args:
            picture: uint8, shape (160, 160, 3), RGB.

        Returns:
            The sample; its ``size_px`` is NaN, since the picture was scaled, and where the
            detector finds no face in it, so are yaw and pitch, and ``detection`` is 0.
        """
        crop = crop_face(picture)
        vector = self._faces.get(crop, lambda: self._face_tower.embed(crop[None])[0])
        looks = self._looks.get(picture, lambda: self._look(picture))
        yaw, pitch, detection = (float(value) for value in looks)
        sharpness, brightness, contrast = crop_quality(crop)
        quality = FaceQuality(math.nan, sharpness, yaw, pitch, brightness, contrast, detection)
        return FaceSample(vector, quality)

    def voice(
        self, samples: Samples, *, whole: bool = False, telephone: bool = False
    ) -> VoiceSample | None:
        """Embed and measure the speech in a recording.

        Args:
            samples: float32, shape (n,), -1 to 1, mono at 16 kHz.
            whole: whether to take all of it where the detector finds too little speech.
            telephone: whether to embed it as a telephone would carry it, too.

        Returns:
            The sample; None where there is too little speech to embed.
        """
        speech = heard(samples, whole=whole)
        return None if speech is None else self.speech(speech, telephone=telephone)

    def speech(self, speech: Speech, *, telephone: bool = False) -> VoiceSample:
        """Embed speech that was cut already, as for another model, too.

        Args:
            speech: as :func:`heard` gives it.
            telephone: see :meth:`voice`.
        """
        vector = self._embedded(speech.fbank)
        narrow = self._embedded(as_by_telephone(speech.fbank)) if telephone else None
        return VoiceSample(vector, speech.quality, speech.narrow, narrow)

    def _embedded(self, fbank: Vector) -> Vector:
        return self._voices.get(fbank, lambda: self._voice_tower.embed(fbank))

    def _look(self, picture: Picture) -> Vector:
        """Yaw, pitch and detection score, shape (3,)."""
        faces = self._detector.detect(np.ascontiguousarray(picture[:, :, ::-1]))
        if not faces:
            return np.array(NO_FACE, np.float32)
        face = _nearest(faces)
        return np.array([*pose(face.landmarks), face.score], np.float32)


def heard(samples: Samples, *, whole: bool = False) -> Speech | None:
    """Cut the speech out of a recording; None where there is too little of it.

    Args:
        samples: float32, shape (n,), -1 to 1, mono at 16 kHz.
        whole: whether to take all of it where the detector finds too little speech.
    """
    speech = cut_speech(samples)
    return whole_speech(samples) if speech is None and whole else speech


def _nearest(faces: Sequence[DetectedFace]) -> DetectedFace:
    """The face that the picture was aligned on: a bystander's lies elsewhere."""
    return min(faces, key=lambda face: float(np.square(face.landmarks - TEMPLATE).sum()))
