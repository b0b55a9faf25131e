"""Channels and weights that are taken out, and what brings a tower back afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from model.compress import prune
from model.compress.prune import Channels, slim_campplus, slim_sface, sparsity, zero_smallest
from model.compress.recover import embed, estimate_norms, match_length, match_moments
from model.siamese.towers import Lessons, Tuning, tune
from model.towers import sface
from model.towers.campplus import build_campplus
from model.towers.sface import build_sface
from model.training import run as training_run
from model.training.run import Run

SLIM_BLOCKS = [(16, stride) for _, stride in sface.BLOCKS[:3]]


def shuffled(tower: keras.Model) -> keras.Model:
    """With weights that are nowhere alike, so that a channel in the wrong place is noticed."""
    rng = np.random.default_rng(4)
    for weight in tower.weights:
        noise = rng.standard_normal(weight.shape).astype(np.float32)
        weight.assign(np.abs(noise) + 0.5 if "variance" in weight.name else 0.3 * noise)
    return tower


def silence(tower: keras.Model, groups: Sequence[Channels], share: float) -> None:
    """Let nothing read some channels of each group: they may go and nothing changes."""
    rng = np.random.default_rng(5)
    for group in groups:
        channels = int(tower.get_layer(group.maker).kernel.shape[-1])
        silent = rng.permutation(channels)[: round(channels * share)]
        for name in group.readers:
            kernel = tower.get_layer(name).kernel
            values = np.asarray(kernel).copy()
            values.reshape(-1, channels, values.shape[-1])[:, silent] = 0
            kernel.assign(values)


def faces() -> tuple[keras.Model, list[Channels], Any, Callable[..., keras.Model]]:
    tower = shuffled(build_sface(blocks=SLIM_BLOCKS))
    pixels = np.random.default_rng(6).uniform(0, 255, (1, 112, 112, 3)).astype(np.float32)
    return tower, list(prune._sface_channels(len(SLIM_BLOCKS))), pixels, slim_sface


def voices() -> tuple[keras.Model, list[Channels], Any, Callable[..., keras.Model]]:
    blocks = ((2, 1), (1, 2), (1, 2))
    tower = shuffled(build_campplus(blocks=blocks, bottleneck=16, inner=16))
    groups = [*prune._residual_channels(), *prune._dense_channels(tower)]
    fbank = np.random.default_rng(7).standard_normal((1, 60, 80)).astype(np.float32)
    return tower, groups, fbank, slim_campplus


@pytest.mark.parametrize("make", [faces, voices])
def test_channels_that_nothing_reads_go_and_nothing_changes(make: Callable[[], Any]) -> None:
    tower, groups, inputs, slim = make()
    before = np.asarray(tower(inputs, training=False))
    silence(tower, groups, 0.5)
    expected = np.asarray(tower(inputs, training=False))
    assert np.abs(expected - before).max() > 1e-2  # what goes had been heard
    small = slim(tower, 0.5)
    assert small.count_params() < 0.95 * tower.count_params()
    for group in groups:
        assert small.get_layer(group.maker).kernel.shape[-1] == 8
    np.testing.assert_allclose(small(inputs, training=False), expected, rtol=1e-3, atol=1e-4)


def tiny_tower(*, affine: bool = True) -> keras.Model:
    keras.utils.set_random_seed(8)
    inputs = keras.Input((40,))
    x = layers.Dropout(0.5)(layers.BatchNormalization()(layers.Dense(64)(inputs)))
    x = layers.Dense(8)(layers.ReLU()(x))
    x = layers.BatchNormalization(center=affine, scale=affine, name="head")(x)
    return keras.Model(inputs, x, name="tiny")


def samples(count: int, *, seed: int = 9) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [np.float32(3 + 2 * rng.standard_normal(40)) for _ in range(count)]


def test_training_leaves_zeros_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_run, "plot", lambda stage, history: b"")
    tower, inputs = tiny_tower(), samples(12)
    lessons = Lessons(embed(tower, inputs), np.arange(12) % 3, lambda row, rng: inputs[row])
    zero_smallest(tower, 0.75)
    zeros = [np.asarray(layer.kernel) == 0 for layer in tower.layers if hasattr(layer, "kernel")]
    assert [float(np.mean(zero)) for zero in zeros] == [0.75, 0.0]  # the small one is left whole
    before = np.asarray(tower.layers[1].kernel)
    tuning = Tuning(steps=2, size=4, rate=1e-2, own=1.0, people=0.0)
    tune(Run(tmp_path, {}), "face-sparse", tower, lessons, tuning, seed=1)
    after = np.asarray(tower.layers[1].kernel)
    assert np.array_equal(after == 0, zeros[0])
    assert not np.allclose(after, before)
    assert sparsity(tower) > 0.5


def test_norms_are_those_of_the_inputs() -> None:
    tower, inputs = tiny_tower(), samples(64)
    head = np.asarray(tower.layers[-1].moving_mean)
    estimate_norms(tower, inputs)
    norm, drop = tower.layers[2], tower.layers[3]
    seen = keras.Model(tower.inputs[0], tower.layers[1].output)(np.stack(inputs))
    np.testing.assert_allclose(norm.moving_mean, np.mean(seen, axis=0), atol=1e-3)
    # Of batches of 16: a sixteenth is within their means.
    np.testing.assert_allclose(norm.moving_variance, np.var(seen, axis=0), rtol=0.25)
    assert np.array_equal(tower.layers[-1].moving_mean, head)
    assert (norm.momentum, drop.rate) == (pytest.approx(0.99), 0.5)


@pytest.mark.parametrize("affine", [True, False])
def test_vectors_get_the_length_of_the_teachers(affine: bool) -> None:
    tower, inputs = tiny_tower(affine=affine), samples(10)
    own = embed(tower, inputs)
    targets = np.random.default_rng(3).standard_normal(own.shape).astype(np.float32) * 7
    match_length(tower, targets, own)
    made = embed(tower, inputs)
    lengths, wanted = (np.linalg.norm(vectors, axis=1) for vectors in (made, targets))
    assert np.log(lengths).mean() == pytest.approx(np.log(wanted).mean(), abs=1e-3)
    np.testing.assert_allclose(
        made / lengths[:, None], own / np.linalg.norm(own, axis=1)[:, None], atol=1e-4
    )


@pytest.mark.parametrize("affine", [True, False])
def test_each_number_gets_the_mean_and_spread_of_the_teachers(affine: bool) -> None:
    tower, inputs = tiny_tower(affine=affine), samples(30)
    own = embed(tower, inputs)
    rng = np.random.default_rng(4)
    targets = np.asarray(
        rng.normal(2, 1, own.shape) * rng.uniform(0.5, 9, own.shape[1]), np.float32
    )
    match_moments(tower, targets, own)
    made = embed(tower, inputs)
    np.testing.assert_allclose(made.mean(axis=0), targets.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(made.std(axis=0), targets.std(axis=0), rtol=0.01)
