"""Fine-tunes the towers on what calls do to media, without moving the space they span.

Stability training (Zheng et al. 2016, https://arxiv.org/abs/1604.04326) with the published tower
as its own teacher: damaged media is drawn to where the teacher puts the undamaged picture or
speech, half way to the mean of that person's. A little cross-entropy over all people's means
keeps different people apart. Batch norms stay as they are, so do the means: a short training at a
low rate, that needs few people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from model.siamese.samples import Indices
from model.towers.campplus import to_be_trained
from model.training.run import Run
from model.types import Vector

_WORTH_COMPILING = 10  # steps; fewer are over sooner than the compilation
POOL = 8
"""Batches that are drawn at once, so that those of like length come together."""

Draw = Callable[[int, np.random.Generator], Vector | None]


@dataclass(frozen=True, slots=True)
class Tuning:
    """How a tower is fine-tuned.

    Attributes:
        steps: batches in all, 0 to leave the tower as it is; a checkpoint is written after each
            tenth of them.
        size: samples of a batch.
        rate: highest learning rate; reached after a tenth of the steps, then falling.
        own: how much of the target is the undamaged sample's own vector, the rest is the mean of
            its person's.
        people: weight of the cross-entropy over people.
        sharpness: by which cosines are multiplied in it.
        margin: taken off the right person's cosine in it.
    """

    steps: int = 600
    size: int = 16
    rate: float = 2e-5
    own: float = 0.5
    people: float = 0.1
    sharpness: float = 25.0
    margin: float = 0.1


@dataclass(frozen=True)
class Lessons:
    """What a tower learns from.

    Attributes:
        targets: where the teacher puts the undamaged samples, shape (n, d).
        person: shape (n,), number of each sample's person.
        draw: makes the tower's input of a sample, damaged anew; None where nothing is left.
    """

    targets: Vector
    person: Indices
    draw: Draw

    def blended(self, own: float) -> Vector:
        """Targets drawn towards their person's mean, at unit length."""
        means = self.means[self.person]
        return unit(own * unit(self.targets) + (1 - own) * means)

    @property
    def means(self) -> Vector:
        """Shape (people, d), unit length."""
        units = unit(self.targets)
        people = int(self.person.max()) + 1
        return unit(np.stack([units[self.person == p].mean(axis=0) for p in range(people)]))


def tune(
    run: Run, stage: str, tower: keras.Model, lessons: Lessons, tuning: Tuning, *, seed: int
) -> keras.Model:
    """Fine-tune a tower in place, with checkpoints.

    Args:
        run: where checkpoints and curves go.
        stage: their name.
        tower: with its published weights.
        lessons: what to learn from.
        tuning: how.
        seed: everything random follows from it.
    """
    if not tuning.steps:
        return tower
    targets = lessons.blended(tuning.own)
    epochs = min(10, tuning.steps)
    steps = -(-tuning.steps // epochs)
    student = as_student(tower)
    student.compile(
        keras.optimizers.Adam(_rate(tuning, epochs * steps), clipnorm=1.0),
        loss=_Loss(lessons.means, tuning),
        run_eagerly=epochs * steps < _WORTH_COMPILING,
    )

    def batches(epoch: int) -> Iterator[tuple[Any, ...]]:
        rng = np.random.default_rng((seed, epoch))
        for rows, inputs in _batches(lessons, tuning.size, steps, rng):
            person = lessons.person[rows][:, None].astype(np.float32)
            yield inputs, np.concatenate([targets[rows], person], axis=1)

    with to_be_trained(tower):
        run.train(stage, student, batches, epochs=epochs, steps=steps)
    return tower


def unit(vectors: NDArray[Any]) -> Vector:
    """Bring vectors of shape (n, d) to unit length."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-9), dtype=np.float32)


class _Loss(keras.losses.Loss):  # type: ignore[misc]
    def __init__(self, means: Vector, tuning: Tuning) -> None:
        super().__init__(name="stability")
        self._means, self._tuning = tf.constant(means), tuning

    def call(self, truth: Any, vectors: Any) -> Any:
        """Targets with the person's number as last column, shape (n, d + 1)."""
        t = self._tuning
        cosines = vectors @ tf.transpose(self._means)
        person = tf.cast(truth[:, -1], tf.int32)
        own = tf.one_hot(person, self._means.shape[0])
        people = tf.nn.sparse_softmax_cross_entropy_with_logits(
            person, t.sharpness * (cosines - t.margin * own)
        )
        return 1 - tf.reduce_sum(truth[:, :-1] * vectors, axis=1) + t.people * people


class _AtRest(keras.layers.Layer):  # type: ignore[misc]
    """Runs a tower as in inference while it is trained: batch norms fixed, nothing dropped."""

    def __init__(self, tower: keras.Model) -> None:
        super().__init__(name="at_rest")
        self.tower = tower

    def call(self, x: Any) -> Any:
        # A model inside a functional model would be told that this is training, whatever its
        # node says; a layer may insist.
        return self.tower(x, training=False)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        # Which is known: Keras would run the whole tower once more to see.
        return shape[0], *self.tower.output.shape[1:]


def as_student(tower: keras.Model) -> keras.Model:
    """The model that ``tune`` writes checkpoints of: a tower at rest, vectors at unit length."""
    inputs = keras.Input(tower.inputs[0].shape[1:])
    vectors = keras.layers.UnitNormalization()(_AtRest(tower)(inputs))
    return keras.Model(inputs, vectors, name=f"{tower.name}_student")


def _batches(
    lessons: Lessons, size: int, count: int, rng: np.random.Generator
) -> Iterator[tuple[Indices, Vector]]:
    """Batches of inputs of like length: drawn by the pool, sorted, given in random order."""
    while count > 0:
        batches = min(count, POOL)
        rows, inputs = _draw(lessons, size * batches, rng)
        order = np.argsort([len(item) for item in inputs], kind="stable")
        for batch in rng.permutation(batches):
            chosen = order[batch * size : (batch + 1) * size]
            yield rows[chosen], _stack([inputs[i] for i in chosen], rng)
        count -= batches


def _draw(lessons: Lessons, count: int, rng: np.random.Generator) -> tuple[Indices, list[Vector]]:
    rows: list[int] = []
    inputs: list[Vector] = []
    while len(rows) < count:
        row = int(rng.integers(len(lessons.person)))
        drawn = lessons.draw(row, rng)
        if drawn is not None:
            rows.append(row)
            inputs.append(drawn)
    return np.array(rows), inputs


def _stack(inputs: Sequence[Vector], rng: np.random.Generator) -> Vector:
    """Cut features to the length of the shortest, their mean over time taken off again."""
    shortest = min(len(item) for item in inputs)
    cut = []
    for item in inputs:
        start = int(rng.integers(len(item) - shortest + 1))
        piece = item[start : start + shortest].astype(np.float32)
        cut.append(piece if piece.ndim > 2 else piece - piece.mean(axis=0))
    return np.stack(cut)


def _rate(tuning: Tuning, steps: int) -> Any:
    warm = max(1, steps // 10)
    return keras.optimizers.schedules.CosineDecay(
        tuning.rate / 20, max(1, steps - warm), warmup_target=tuning.rate, warmup_steps=warm
    )
