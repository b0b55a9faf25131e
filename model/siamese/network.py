"""The fused siamese network in Keras.

Both sides of a comparison pass through the same projection. Each modality's cosine becomes an LLR
by a line whose slope and offset a small network sets from the probe's qualities
(quality-dependent calibration, learned with the rest). What both say together follows from the
question asked: "face and voice are both the person's" against the three ways in which they are
not, each with a learned share. That is close to the smaller of both LLRs, so that no face,
however good, outvotes a wrong voice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from model.runtime.reference import FACE_SIZE, VOICE_SIZE
from model.types import Vector

PACKAGE = "stream_verifier"
INPUTS = (
    "face_probe",
    "face_reference",
    "face_quality",
    "voice_probe",
    "voice_reference",
    "voice_quality",
    "present",
)
"""In the order in which the network takes them; ``present`` is (face, voice), 1 or 0."""


@dataclass(frozen=True)
class Scaling:
    """Where one modality's qualities lie in training; arrays of shape (q,)."""

    lowest: Vector
    highest: Vector
    mean: Vector
    scale: Vector

    @classmethod
    def of(cls, qualities: Vector) -> Scaling:
        """Measure it, the lowest and highest 2 % left out; NaN stands for "not known"."""
        known = np.where(np.isfinite(qualities), qualities, np.nan)
        none = ~np.isfinite(known).any(axis=0)
        known = np.where(none, 0.0, known)
        lowest, highest = np.nanpercentile(known, [2, 98], axis=0)
        kept = np.clip(known, lowest, highest)
        scale = np.maximum(np.nanstd(kept, axis=0), 1e-3)
        return cls(*(a.astype(np.float32) for a in (lowest, highest, np.nanmean(kept, 0), scale)))


@dataclass(frozen=True)
class Shape:
    """The network's hyperparameters.

    Attributes:
        anchors: directions in which it is seen what kind of recording both sides are: how alike
            strangers are differs from one kind to another.
        rank: of what the shared projection adds to the identity; 0 leaves vectors as they are.
        hidden: units that turn qualities into slope and offset.
        l2: penalty on the projection and on the quality networks' weights.
    """

    anchors: int = 8
    rank: int = 0
    hidden: int = 8
    l2: float = 1e-3


@keras.saving.register_keras_serializable(PACKAGE)
class Standardise(layers.Layer):  # type: ignore[misc]
    """Clips qualities to what training has seen and brings them to mean 0, spread 1.

    An unknown one (NaN) becomes the mean, hence 0.
    """

    def __init__(self, scaling: Scaling, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._scaling = scaling

    def call(self, x: Any) -> Any:
        """Shape (n, q) to (n, q)."""
        s = self._scaling
        known = tf.equal(x, x)  # NaN differs from itself
        z = (tf.clip_by_value(x, s.lowest, s.highest) - s.mean) / s.scale
        return tf.where(known, z, tf.zeros_like(z))


@keras.saving.register_keras_serializable(PACKAGE)
class Direction(layers.Layer):  # type: ignore[misc]
    """The shared projection: a vector plus a low-rank change of it, at unit length."""

    def __init__(self, rank: int, l2: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._rank, self._l2 = rank, l2

    def build(self, shape: Any) -> None:
        """Start as the identity."""
        penalty = keras.regularizers.L2(self._l2)
        size = shape[-1]
        if self._rank:
            self.down = self.add_weight(
                shape=(size, self._rank), initializer="glorot_uniform", regularizer=penalty
            )
            self.up = self.add_weight(
                shape=(self._rank, size), initializer="zeros", regularizer=penalty
            )

    def call(self, x: Any) -> Any:
        """Shape (n, d) to (n, d)."""
        x = _at_unit_length(x)
        return _at_unit_length(x + x @ self.down @ self.up) if self._rank else x


@keras.saving.register_keras_serializable(PACKAGE)
class Line(layers.Layer):  # type: ignore[misc]
    """LLR = slope · cosine + offset, both set by the qualities; the slope is positive."""

    def __init__(self, hidden: int, l2: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        penalty = keras.regularizers.L2(l2)
        self._hidden = layers.Dense(hidden, "tanh", kernel_regularizer=penalty)
        self._out = layers.Dense(2, kernel_initializer="zeros", kernel_regularizer=penalty)

    def build(self, shape: Any) -> None:
        """Start at a line that suits cosines: 0 at 0.4, 15 for each unit."""
        quality = shape[1] if isinstance(shape[0], (list, tuple)) else shape
        self._hidden.build(quality)
        self._out.build((quality[0], self._hidden.units))
        self.start = self.add_weight(
            shape=(2,), initializer=keras.initializers.Constant([np.log(15.0), -6.0])
        )

    def call(self, inputs: Any) -> Any:
        """Cosine (n, 1) and standardised qualities (n, q) to (n, 1)."""
        cosine, quality = inputs
        line = self._out(self._hidden(quality)) + self.start
        return tf.exp(line[:, :1]) * cosine + line[:, 1:]


@keras.saving.register_keras_serializable(PACKAGE)
class Joint(layers.Layer):  # type: ignore[misc]
    """The LLR of "both are the person's" from both LLRs and which of them are there.

    With shares p of the impostor kinds it is
    -log(p_both e^(-f-v) + p_voice e^(-v) + p_face e^(-f)); of one modality alone, its own LLR.
    """

    def build(self, shape: Any) -> None:  # noqa: ARG002
        """Start with equal shares."""
        self.shares = self.add_weight(shape=(3,), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        """LLRs (n, 1) and (n, 1), presence (n, 2) to (n, 1)."""
        face, voice, present = inputs
        both, wrong_voice, wrong_face = tf.split(tf.nn.log_softmax(self.shares), 3)
        against = tf.concat([both - face - voice, wrong_voice - voice, wrong_face - face], axis=1)
        fused = -tf.reduce_logsumexp(against, axis=1, keepdims=True)
        has_face, has_voice = present[:, :1] > 0, present[:, 1:] > 0
        return tf.where(has_face, tf.where(has_voice, fused, face), voice)


def build_network(shape: Shape, face: Scaling, voice: Scaling) -> keras.Model:
    """Build the network.

    Args:
        shape: hyperparameters.
        face: of the face's qualities.
        voice: of the voice's qualities.

    Returns:
        A model from ``INPUTS`` (vectors (n, 128) and (n, 192), qualities (n, q), presence
        (n, 2)) to float32 (n, 3): LLRs of face, voice and both, not yet calibrated.
    """
    face_llr, face_inputs = _branch("face", FACE_SIZE, shape, face)
    voice_llr, voice_inputs = _branch("voice", VOICE_SIZE, shape, voice)
    present = keras.Input((2,), name="present")
    fused = Joint(name="joint")([face_llr, voice_llr, present])
    llrs = layers.Concatenate(name="llrs")([face_llr, voice_llr, fused])
    return keras.Model([*face_inputs, *voice_inputs, present], llrs, name="fused_siamese")


def _branch(name: str, size: int, shape: Shape, scaling: Scaling) -> tuple[Any, list[Any]]:
    probe = keras.Input((size,), name=f"{name}_probe")
    reference = keras.Input((size,), name=f"{name}_reference")
    quality = keras.Input((len(scaling.mean),), name=f"{name}_quality")
    direction = Direction(shape.rank, shape.l2, name=f"{name}_direction")
    sides = [direction(probe), direction(reference)]
    cosine = layers.Dot(axes=1, name=f"{name}_cosine")(sides)
    known = [Standardise(scaling, name=f"{name}_standardise")(quality)]
    if shape.anchors:
        penalty = keras.regularizers.L2(shape.l2)
        kind = layers.Dense(shape.anchors, kernel_regularizer=penalty, name=f"{name}_anchors")
        known.append(layers.Add(name=f"{name}_kind")([kind(side) for side in sides]))
    context = layers.Concatenate(name=f"{name}_context")(known) if shape.anchors else known[0]
    llr = Line(shape.hidden, shape.l2, name=f"{name}_line")([cosine, context])
    return llr, [probe, reference, quality]


def _at_unit_length(x: Any) -> Any:
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=-1, keepdims=True), 1e-12))
