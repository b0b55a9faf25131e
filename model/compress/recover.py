"""Brings a pruned tower back to where its teacher puts things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from model.siamese.samples import Indices
from model.siamese.towers import Lessons, Tuning, tune
from model.training.run import Run
from model.types import Vector

Inputs = Sequence[Vector]
"""Inputs of a tower as calls bring them, each without batch axis."""

BATCH = 16
_TINY = 1e-6


def recover(
    run: Run,
    stage: str,
    tower: keras.Model,
    teacher: keras.Model,
    lessons: Lessons,
    inputs: Inputs,
    tuning: Tuning,
) -> None:
    """Bring a pruned tower to where its teacher puts things, in place.

    Args:
        run: where checkpoints and curves go; its configuration has the seed.
        stage: their name.
        tower: pruned.
        teacher: what it was before.
        lessons: what to learn from.
        inputs: to estimate and match by.
        tuning: how.
    """
    targets = embed(teacher, inputs)
    estimate_norms(tower, inputs)
    match_moments(tower, targets, embed(tower, inputs))
    tune(run, stage, tower, lessons, tuning, seed=int(run.config["seed"]))
    match_length(tower, targets, embed(tower, inputs))


def estimate_norms(tower: keras.Model, inputs: Inputs) -> None:
    """Set all batch norms but the last to the mean and variance of these inputs.

    Without it a pruned network stays far from what recovery could start from (Li et al. 2020,
    "EagleEye", https://arxiv.org/abs/2007.02491). The last one places the vectors:
    ``match_moments`` sets that.
    """
    *inside, head = tower.layers
    norms = [layer for layer in inside if isinstance(layer, keras.layers.BatchNormalization)]
    before = [layer.momentum for layer in norms]
    dropouts = [layer for layer in tower.layers if isinstance(layer, keras.layers.Dropout)]
    rates = [layer.rate for layer in dropouts]
    for layer in dropouts:
        layer.rate = 0.0
    head.trainable = False  # a batch norm that is not stays as it is
    for number, batch in enumerate(_batches(inputs)):
        for layer in norms:  # the mean over all batches so far
            layer.momentum = number / (number + 1)
        tower(batch, training=True)
    head.trainable = True
    for layer, momentum in zip(norms, before, strict=True):
        layer.momentum = momentum
    for layer, rate in zip(dropouts, rates, strict=True):
        layer.rate = rate


def match_moments(tower: keras.Model, targets: Vector, vectors: Vector) -> None:
    """Give each number of a tower's output the mean and spread that its teacher's has.

    Args:
        tower: ends in a batch norm.
        targets: the teacher's vectors, shape (n, d).
        vectors: the tower's own of the same inputs.
    """
    spread = np.maximum(vectors.std(axis=0), _TINY)
    scale = targets.std(axis=0) / spread
    _place(tower.layers[-1], scale, targets.mean(axis=0) - scale * vectors.mean(axis=0))


def match_length(tower: keras.Model, targets: Vector, vectors: Vector) -> None:
    """Scale a tower's output to its teacher's usual length, which the fused network looks at.

    Args:
        tower: ends in a batch norm.
        targets: the teacher's vectors, shape (n, d).
        vectors: the tower's own of the same inputs.
    """
    lengths, own = (np.linalg.norm(found, axis=1) for found in (targets, vectors))
    scale = np.exp(np.mean(np.log(lengths) - np.log(np.maximum(own, _TINY))))
    _place(tower.layers[-1], np.full(targets.shape[1], scale), np.zeros(targets.shape[1]))


def _place(head: keras.layers.BatchNormalization, scale: NDArray[Any], shift: NDArray[Any]) -> None:
    """Let a batch norm give ``scale * x + shift`` where it gave x."""
    scale = np.maximum(scale, _TINY)
    if head.scale and head.center:
        head.gamma.assign(head.gamma * scale)
        head.beta.assign(head.beta * scale + shift)
        return
    # Affine-free: gamma stays 1 and beta 0, so what it takes off and divides by has to change.
    before = np.sqrt(np.asarray(head.moving_variance) + head.epsilon)
    after = before / scale
    head.moving_mean.assign(np.asarray(head.moving_mean) - shift * after)
    head.moving_variance.assign(after**2 - head.epsilon)


def embed(tower: keras.Model, inputs: Inputs) -> Vector:
    """Vectors of inputs, shape (n, d), one by one since their lengths differ."""
    shape = (None, *tower.inputs[0].shape[1:])

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32)])  # type: ignore[untyped-decorator]
    def run(batch: tf.Tensor) -> tf.Tensor:
        return tower(batch, training=False)

    return np.stack([run(item[None]).numpy()[0] for item in inputs])


def _batches(inputs: Inputs) -> list[Vector]:
    """Inputs of like length together, cut to that of the shortest."""
    order: Indices = np.argsort([len(item) for item in inputs], kind="stable")
    chunks = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    return [_stack([inputs[i] for i in chunk]) for chunk in chunks if len(chunk) > 1]


def _stack(inputs: Inputs) -> Vector:
    shortest = min(len(item) for item in inputs)
    return np.stack([item[:shortest] for item in inputs]).astype(np.float32)
