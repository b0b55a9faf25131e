"""The siamese network of mouths and sounds, and what it is trained for.

One arm reads pictures of a mouth, the other the sound of speech. Each gives a vector for every
40 ms, and their product says how much more likely this mouth is with this sound than with another
one. The idea is SyncNet's (Chung and Zisserman 2016), the loss that of contrastive predictive
coding (van den Oord et al. 2018, https://arxiv.org/abs/1807.03748) over moments of one clip, as in
"Perfect match" (Chung et al. 2019, https://arxiv.org/abs/1809.08001), and over clips of one
person, so that nothing but what is said tells them apart.

The picture's arm is shown by a teacher where the lips are, and hands those points on beside a few
features of its own: that is what carries over from the few people who were seen talking to others.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from model.lips.points import COUNT
from model.runtime.lips import BANDS, FEATURES, SIZE, SOUND_FRAMES_PER_STEP
from model.runtime.mouth import SIDE_PX

POINT_NUMBERS = 2 * COUNT
LOOKS = FEATURES - POINT_NUMBERS
POINT_UNIT_PX = 10.0

_MAPS = ((16, 5), (32, 3), (64, 3), (128, 3))
_HIDDEN = 128
_DROPOUT = 0.3
_TREMBLE = 0.03
_CLIP_SHARPNESS = 0.25
_LOG_MEL_UNIT = 3.0


def build_mouth() -> keras.Model:
    """One picture of a mouth: float32 (n, 56, 56, 1), standardised, to (n, 118).

    The first 86 numbers are the points of the lips, as ``as_numbers`` gives them.
    """
    pixels = keras.Input((SIDE_PX, SIDE_PX, 1), name="pixels")
    x = pixels
    for channels, kernel in _MAPS:
        x = layers.Conv2D(channels, kernel, 2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.97)(x))
    x = layers.Dropout(0.1)(layers.Flatten()(x))
    x = layers.Dense(_HIDDEN, activation="relu")(x)
    return keras.Model(pixels, layers.Dense(FEATURES, name="features")(x), name="mouth")


def build_picture() -> keras.Model:
    """A mouth over time: float32 (n, steps, 118) to (n, steps, 64).

    The mean over time is taken out first, and with it whose mouth it is and where it lies.
    """
    features = keras.Input((None, FEATURES), name="features")
    x = features - ops.mean(features, axis=1, keepdims=True)
    x = layers.GaussianNoise(_TREMBLE)(x)
    for kernel in (3, 5, 3):
        x = _convolve(x, kernel)
    return keras.Model(features, layers.Conv1D(SIZE, 1)(x), name="picture")


def build_sound() -> keras.Model:
    """Sound over time: log-mel (n, 4 steps, 80) to (n, steps, 64)."""
    bands = keras.Input((None, BANDS), name="bands")
    x = (bands - ops.mean(bands, axis=1, keepdims=True)) / _LOG_MEL_UNIT
    for kernel, stride in ((5, 2), (5, 2), (5, 1), (3, 1)):
        x = _convolve(x, kernel, stride)
    return keras.Model(bands, layers.Conv1D(SIZE, 1)(x), name="sound")


def build_both(
    mouth: keras.Model, picture: keras.Model, sound: keras.Model, steps: int
) -> keras.Model:
    """All arms at once, for training on clips of one length.

    Returns:
        A model from pictures (n, steps, 56, 56, 1) and log-mel (n, 4 steps, 80) to "vectors"
        (n, steps, 128), those of the picture before those of the sound, and "points"
        (n, steps, 86).
    """
    pixels = keras.Input((steps, SIDE_PX, SIDE_PX, 1), name="pixels")
    bands = keras.Input((steps * SOUND_FRAMES_PER_STEP, BANDS), name="bands")
    features = mouth(ops.reshape(pixels, (-1, SIDE_PX, SIDE_PX, 1)))
    features = ops.reshape(features, (-1, steps, FEATURES))
    vectors = ops.concatenate([picture(features), sound(bands)], axis=-1)
    outputs = {"vectors": vectors, "points": features[:, :, :POINT_NUMBERS]}
    return keras.Model([pixels, bands], outputs, name="lips")


def compile_mouth(mouth: keras.Model, rate: Any) -> None:
    """Train a mouth for the teacher's points alone."""
    mouth.compile(keras.optimizers.AdamW(rate, weight_decay=1e-3), loss=_points_loss)


def compile_both(model: keras.Model, rate: Any) -> None:
    """Train all arms for their agreement, the mouth for the teacher's points too."""
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=1e-2),
        loss={"vectors": disagreement, "points": "mean_absolute_error"},
        loss_weights={"vectors": 1.0, "points": 1.0},
    )


def disagreement(_: Any, vectors: Any) -> Any:
    """How badly a batch of clips of one person finds its sounds, and each moment its own.

    Args:
        vectors: shape (n, steps, 128).

    Returns:
        Shape (n,), nats.
    """
    picture, sound = vectors[..., :SIZE], vectors[..., SIZE:]
    per_moment = ops.einsum("itd,isd->its", picture, sound) / SIZE**0.5
    per_clip = ops.einsum("itd,jtd->ij", picture, sound) * (_CLIP_SHARPNESS / SIZE**0.5)
    clips = _surprise(per_clip) + _surprise(ops.transpose(per_clip))
    return clips + 0.5 * ops.mean(_surprise(per_moment), axis=-1)


def _surprise(logits: Any) -> Any:
    """Cross-entropy of finding the diagonal; shape (..., k, k) to (..., k)."""
    own = ops.diagonal(logits, axis1=-2, axis2=-1)
    return ops.logsumexp(logits, axis=-1) - own


def _points_loss(points: Any, features: Any) -> Any:
    return ops.mean(ops.abs(points - features[:, :POINT_NUMBERS]), axis=-1)


def _convolve(x: Any, kernel: int, stride: int = 1) -> Any:
    x = layers.Conv1D(_HIDDEN, kernel, stride, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    return layers.Dropout(_DROPOUT)(x)
