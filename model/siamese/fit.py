"""Fits the network to embedded samples, and scores trials with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from model.siamese.network import Scaling, Shape, build_network
from model.siamese.pairs import Batch, PairMaker
from model.siamese.samples import Samples
from model.training.run import Run
from model.types import Vector


@dataclass(frozen=True)
class Schedule:
    """How long and how fast the network is trained."""

    epochs: int = 10
    batches: int = 40
    size: int = 512
    rate: float = 3e-3
    dropout: float = 0.15


def fit_network(
    run: Run,
    stage: str,
    faces: Samples,
    voices: Samples,
    *,
    seed: int,
    shape: Shape,
    schedule: Schedule,
) -> keras.Model:
    """Train one network on some people, with checkpoints.

    Args:
        run: where checkpoints and curves go.
        stage: their name.
        faces: embedded pictures of the people to learn from.
        voices: embedded speech.
        seed: of weights and trials.
        shape: hyperparameters of the network.
        schedule: hyperparameters of the training.
    """
    keras.utils.set_random_seed(seed)
    network = build_network(shape, Scaling.of(faces.qualities), Scaling.of(voices.qualities))
    network.compile(keras.optimizers.Adam(_rate(schedule)), loss=llr_loss)
    pairs = PairMaker(faces, voices, seed=seed, dropout=schedule.dropout)

    def batches(epoch: int) -> Iterable[tuple[Any, ...]]:
        return pairs.epoch(epoch, batches=schedule.batches, size=schedule.size)

    run.train(stage, network, batches, epochs=schedule.epochs, steps=schedule.batches)
    return network


def scores(network: keras.Model, batch: Batch, *, size: int = 8192) -> Vector:
    """LLRs of a batch's trials, shape (n, 3): face, voice, fused; not yet calibrated."""
    parts = []
    for start in range(0, len(batch.kind), size):
        inputs = [array[start : start + size] for array in batch.inputs]
        parts.append(np.asarray(network(inputs, training=False)))
    return np.concatenate(parts)


def llr_loss(targets: Any, llrs: Any) -> Any:
    """Cross-entropy of all three LLRs, in bits, each where its modality is there.

    It is the Cllr of the drawn trials (Brümmer and du Preez 2006), half of which are mated.

    Args:
        targets: labels and weights, shape (n, 6).
        llrs: shape (n, 3).
    """
    labels, weights = targets[:, :3], targets[:, 3:]
    cost = tf.nn.sigmoid_cross_entropy_with_logits(labels, llrs) * weights
    return tf.reduce_sum(cost, axis=1) / float(np.log(2))


def _rate(schedule: Schedule) -> Any:
    steps = schedule.epochs * schedule.batches
    return keras.optimizers.schedules.CosineDecay(schedule.rate, steps)
