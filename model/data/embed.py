"""Samples from pictures and speech, each network input embedded once and remembered."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.data.loudness import voice_quality
from model.data.media import SAMPLE_RATE_HZ, Picture, Samples, crop_face
from model.errors import MissingExtraError
from model.runtime.face import FaceTower
from model.runtime.quality import crop_quality
from model.runtime.voice import VoiceTower
from model.runtime.weights import Weights
from model.types import FaceQuality, FaceSample, Vector, VoiceSample

FRONTAL_SIZE_PX = 100.0


class Memo:
    """Remembers a tower's outputs on disk by the digest of its exact input.

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
    """Turns pictures and speech of a pack into samples, as serving does with live media.

    Args:
        face_tower: uint8 (n, 112, 112, 3) RGB to float32 (n, 128).
        voice_tower: float32 (frames, 80), mean subtracted, to float32 (192,).
        towers_id: names both towers' weights; part of the memo's file name.
        cache: folder for the memo; None to remember nothing.
    """

    def __init__(
        self,
        face_tower: Callable[[Picture], Vector],
        voice_tower: Callable[[Vector], Vector],
        *,
        towers_id: str,
        cache: Path | None = Path(".cache/embeddings"),
    ) -> None:
        self._face_tower = face_tower
        self._voice_tower = voice_tower
        self._faces = Memo(cache and cache / f"{towers_id}-face.bin", 128)
        self._voices = Memo(cache and cache / f"{towers_id}-voice.bin", 192)

    @classmethod
    def of_weights(
        cls, weights: Weights, *, cache: Path | None = Path(".cache/embeddings")
    ) -> Embedder:
        """With the towers that serving runs."""
        face, voice = FaceTower(weights), VoiceTower(weights)
        return cls(face.embed, voice.embed, towers_id=weights.model_id, cache=cache)

    def face(self, picture: Picture) -> FaceSample:
        """Embed an aligned 160x160 picture; its pose and size in a frame are not known."""
        crop = crop_face(picture)
        vector = self._faces.get(crop, lambda: self._face_tower(crop[None])[0])
        sharpness, brightness, contrast = crop_quality(crop)
        quality = FaceQuality(FRONTAL_SIZE_PX, sharpness, 0.0, 0.0, brightness, contrast, 1.0)
        return FaceSample(vector, quality)

    def voice(self, samples: Samples) -> VoiceSample:
        """Embed speech of any length from half a second on."""
        features = fbank(samples)
        vector = self._voices.get(features, lambda: self._voice_tower(features))
        return VoiceSample(vector, voice_quality(samples))


def fbank(samples: Samples) -> Vector:
    """Kaldi log-mel features, mean over time subtracted: the voice tower's input.

    Args:
        samples: float32, -1 to 1, 16 kHz.

    Returns:
        float32, shape (frames, 80), 10 ms hop.

    Raises:
        MissingExtraError: kaldi-native-fbank is not installed.
    """
    try:
        import kaldi_native_fbank as knf
    except ImportError as error:
        raise MissingExtraError("install kaldi-native-fbank to read packs") from error
    options = knf.FbankOptions()
    options.frame_opts.dither = 0.0
    options.frame_opts.samp_freq = SAMPLE_RATE_HZ
    options.mel_opts.num_bins = 80
    stream = knf.OnlineFbank(options)
    stream.accept_waveform(SAMPLE_RATE_HZ, samples.tolist())
    stream.input_finished()
    frames = np.stack([stream.get_frame(i) for i in range(stream.num_frames_ready)])
    return np.ascontiguousarray(frames - frames.mean(axis=0), dtype=np.float32)
