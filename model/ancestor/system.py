"""The trained ancestor as a system to evaluate: strangers, scored as it would score them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.data.media import Picture, Samples
from model.errors import ModelError
from model.evaluation.systems import Llrs, SystemOptions
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
        variant: "", or "face" or "voice" for that piece alone.

    Raises:
        CheckpointError: the folder holds no finished training run.
        MissingExtraError: TensorFlow is not installed.
    """

    def __init__(self, run: Path, memory: Path | None, variant: str = "") -> None:
        require("tensorflow", "keras", "librosa", "matplotlib")
        from model.ancestor.trained import load_trained
        from model.ancestor.vgg import FaceFeatures

        self.name = f"ancestor-{variant}" if variant else "ancestor"
        self._variant = variant
        self._features = FaceFeatures(downloads=DOWNLOADS, memory=memory)
        self._face, self._voice, heads = load_trained(run)
        self._heads = {what: Head(weights) for what, weights in heads.items()}

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
        return np.asarray(self._voice.predict_on_batch(np.stack(pictures)), dtype=np.float32)

    def reference(self, faces: Sequence[Vector], voices: Sequence[Vector]) -> Enrolled:
        """Keep all enrolled vectors."""
        return Enrolled(np.concatenate(faces), np.concatenate(voices))

    def compare(self, reference: Enrolled, face: Vector | None, voice: Vector | None) -> Llrs:
        """Scores that decide at 0: the sigmoid's logits."""
        if self._variant == "face":
            voice = None
        if self._variant == "voice":
            face = None
        alone = [
            None if probe is None else self._heads[what].logit(enrolled, probe)
            for what, enrolled, probe in (
                ("face", reference.faces, face),
                ("voice", reference.voices, voice),
            )
        ]
        if face is None or voice is None:
            return Llrs(alone[0], alone[1], alone[0] if voice is None else alone[1])
        fused = self._heads["both"].logit(_joined(*reference), _joined(face, voice))
        return Llrs(alone[0], alone[1], fused)


def load(options: SystemOptions) -> Any:
    """Load the trained ancestor; variant "face" or "voice" for a piece alone."""
    if options.variant not in VARIANTS:
        raise ModelError(f"the ancestor has no variant {options.variant!r}: use face or voice")
    return Ancestor(options.ancestor, options.cache, options.variant)


def _joined(faces: Vector, voices: Vector) -> Vector:
    """Every face with every voice, shape (m * k, 160)."""
    left, right = np.repeat(faces, len(voices), axis=0), np.tile(voices, (len(faces), 1))
    return np.concatenate([left, right], axis=1)
