"""The trained ancestor as a system to evaluate: strangers, scored as it would score them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.data.media import Picture, Samples
from model.errors import ModelError
from model.evaluation.systems import Llrs, System, SystemOptions
from model.training.extras import require
from model.types import Vector

VARIANTS = ("", "face", "voice")
DOWNLOADS = Path(".cache")


class Enrolled(NamedTuple):
    """A reference: face vectors (m, 128) and voice vectors (k, 32), not averaged."""

    faces: Vector
    voices: Vector


class Head:
    """A trained head in numpy: too small to be worth a call into TensorFlow.

    Args:
        weights: kernel and bias of each dense layer, the last one the sigmoid's.
    """

    def __init__(self, weights: Sequence[NDArray[np.float32]]) -> None:
        layers = list(zip(weights[::2], weights[1::2], strict=True))
        self._shared, (self._kernel, self._bias) = layers[:-1], layers[-1]

    def logit(self, reference: Vector, probe: Vector) -> float:
        """Mean logit of a match over all pairs of a reference's and a probe's vectors.

        Args:
            reference: shape (m, size).
            probe: shape (k, size).
        """
        apart = np.abs(self._end(reference)[:, None] - self._end(probe)[None])
        return float((apart @ self._kernel + self._bias).mean())

    def _end(self, x: Vector) -> Vector:
        for kernel, bias in self._shared:
            x = np.maximum(x @ kernel + bias, 0)
        return x


class Ancestor:
    """Compares every enrolled sample with every piece of the probe, and averages the logits.

    The face's and the voice's score come from heads trained on that modality alone; where one
    modality is missing, the other's score is the fused one.

    Args:
        run: folder of the training run.
        memory: folder to remember VGG16's features in; None to remember nothing.

    Raises:
        CheckpointError: the folder holds no finished training run.
        MissingExtraError: TensorFlow is not installed.
    """

    def __init__(self, run: Path, memory: Path | None) -> None:
        require("tensorflow", "keras", "librosa", "matplotlib")
        from model.ancestor.trained import load_trained
        from model.ancestor.vgg import FaceFeatures

        self._features = FaceFeatures(downloads=DOWNLOADS, memory=memory)
        self._face, self._voice, heads = load_trained(run)
        self._heads = {what: Head(weights) for what, weights in heads.items()}
        self.name, self.comparator = "ancestor", "siamese head"
        self.model_id = f"ancestor-{_digest(heads['both'])}"

    def face(self, picture: Picture) -> Vector:
        """Face vectors, float32 (1, 128), of an aligned picture."""
        from model.ancestor.vgg import face_picture

        features = self._features.embed(face_picture(picture))
        return np.asarray(self._face.predict_on_batch(features[None]), dtype=np.float32)

    def voice(self, samples: Samples) -> Vector | None:
        """Voice vectors, float32 (pieces, 32); None for less than half a second."""
        from model.ancestor import spectrogram

        pictures = [spectrogram.picture(piece) for piece in spectrogram.pieces(samples)]
        if not pictures:
            return None
        vectors = [self._voice.predict_on_batch(picture[None]) for picture in pictures]
        return np.concatenate(vectors).astype(np.float32)

    def reference(self, faces: Sequence[Vector], voices: Sequence[Vector | None]) -> Enrolled:
        """Keep all enrolled vectors; recordings without speech count for nothing.

        Raises:
            ModelError: there is no face, or no speech.
        """
        heard = [voice for voice in voices if voice is not None]
        if not (faces and heard):
            raise ModelError("a reference needs a picture and half a second of speech at least")
        return Enrolled(np.concatenate(faces), np.concatenate(heard))

    def compare(self, reference: Enrolled, face: Vector | None, voice: Vector | None) -> Llrs:
        """Scores that decide at 0: the sigmoid's logits."""
        by_face = None if face is None else self._heads["face"].logit(reference.faces, face)
        by_voice = None if voice is None else self._heads["voice"].logit(reference.voices, voice)
        if face is None or voice is None:
            return Llrs(by_face, by_voice, by_face if voice is None else by_voice)
        fused = self._heads["both"].logit(_joined(*reference), _joined(face, voice))
        return Llrs(by_face, by_voice, fused)


class Piece:
    """One modality of the ancestor: the head trained on it alone.

    Args:
        base: does the work.
        modality: "face" or "voice".
    """

    def __init__(self, base: Ancestor, modality: str) -> None:
        self.base, self._modality = base, modality
        self.name = f"ancestor-{modality}"
        self.model_id, self.comparator = base.model_id, f"siamese head, {modality} only"
        self.face, self.voice, self.reference = base.face, base.voice, base.reference

    def compare(self, reference: Enrolled, face: Vector | None, voice: Vector | None) -> Llrs:
        """This modality's score, whatever the other says."""
        if self._modality == "face":
            return self.base.compare(reference, face, None)
        return self.base.compare(reference, None, voice)


def load(options: SystemOptions) -> System:
    """Load the trained ancestor; variant "face" or "voice" for one piece of it alone.

    Raises:
        ModelError: there is no such variant.
        CheckpointError: the folder holds no finished training run.
        MissingExtraError: TensorFlow is not installed.
    """
    if options.variant not in VARIANTS:
        raise ModelError(f"the ancestor has no variant {options.variant!r}: use face or voice")
    # Without a memory nothing may be shared: timing would find features that another has made.
    load_base = Ancestor if options.cache is None else _shared
    base = load_base(options.ancestor, options.cache)
    return Piece(base, options.variant) if options.variant else base


@lru_cache(maxsize=1)
def _shared(run: Path, memory: Path | None) -> Ancestor:
    return Ancestor(run, memory)


def _digest(weights: Sequence[NDArray[np.float32]]) -> str:
    return hashlib.sha256(b"".join(part.tobytes() for part in weights)).hexdigest()[:8]


def _joined(faces: Vector, voices: Vector) -> Vector:
    """Every face with every voice, shape (m * k, 160)."""
    left, right = np.repeat(faces, len(voices), axis=0), np.tile(voices, (len(faces), 1))
    return np.concatenate([left, right], axis=1)
