"""Weights in 8 bits that keep a tower where it was."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from keras import layers

from model.compress.graph import Graph
from model.compress.rounding import Moments, round_kernel, round_tower
from model.convert.litert_export import to_litert_float16
from model.runtime.litert import LiteRtModel
from model.types import Vector

RNG = np.random.default_rng(0)


def correlated(count: int, size: int = 64) -> Vector:
    """Inputs that vary together and have a mean, as those of a network do."""
    few = np.random.default_rng(1).standard_normal((8, size))
    rows = RNG.standard_normal((count, 8)) @ few + 0.1 * RNG.standard_normal((count, size))
    return np.maximum(rows + 1, 0).astype(np.float32)


def test_rounding_by_how_inputs_vary_errs_less_than_rounding_to_the_nearest() -> None:
    kernel = RNG.standard_normal((16, 64)).astype(np.float32)
    inputs, others = correlated(2000), correlated(500)
    moments = Moments(64)
    moments.add(inputs[:1200])
    moments.add(inputs[1200:])
    rounded = round_kernel(kernel, moments)
    assert rounded.steps.dtype == np.int8
    exact = others @ kernel.T
    ours = others @ (rounded.steps * rounded.scales[:, None]).T + rounded.shift
    nearest = np.round(kernel / rounded.scales[:, None]) * rounded.scales[:, None]
    assert np.abs(ours - exact).mean() < 0.6 * np.abs(others @ nearest.T - exact).mean()
    assert np.abs((ours - exact).mean(axis=0)).max() < 0.01


def test_moments_are_those_of_all_rows() -> None:
    rows = correlated(300)
    moments = Moments(64)
    for part in np.split(rows, 3):
        moments.add(part)
    np.testing.assert_allclose(moments.mean, rows.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(moments.covariance, np.cov(rows.T, bias=True), atol=1e-3)


def test_a_kernel_of_zeros_stays_one() -> None:
    moments = Moments(64)
    moments.add(correlated(100))
    rounded = round_kernel(np.zeros((4, 64), np.float32), moments)
    assert not rounded.steps.any()
    assert not rounded.shift.any()
    assert np.isfinite(rounded.scales).all()


@pytest.fixture(scope="module")
def tower(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two convolutions, one with a stride and one with holes, and a layer too small for 8 bits."""
    keras.utils.set_random_seed(1)
    entry = keras.Input((24, 10, 16), batch_size=1)
    x = layers.Conv2D(32, 3, strides=(2, 1), padding="same", activation="relu")(entry)
    x = layers.Conv2D(32, 3, dilation_rate=2, padding="same", activation="relu")(x)
    x = layers.Conv2D(8, 1)(x)
    model = keras.Model(entry, layers.GlobalAveragePooling2D()(x))
    path = tmp_path_factory.mktemp("tower") / "tower.tflite"
    path.write_bytes(to_litert_float16(model, (1, 24, 10, 16)))
    return path.read_bytes()


def inputs(count: int) -> list[Vector]:
    return [correlated(240, 16).reshape(24, 10, 16) for _ in range(count)]


def test_patches_times_the_kernel_is_what_the_next_convolution_reads(tower: bytes) -> None:
    graph = Graph(tower)
    first, second = graph.convolutions()
    assert (first.strides, second.dilations) == ((2, 1), (2, 2))
    interpreter = Interpreter(model_content=graph.watching([first, second]))
    interpreter.allocate_tensors()
    (image,) = inputs(1)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[None])
    interpreter.invoke()
    _, read = (interpreter.get_tensor(d["index"])[0] for d in interpreter.get_output_details())
    kernel, bias = graph.weights(first)
    made = np.maximum(first.patches(image) @ kernel.reshape(len(kernel), -1).T + bias, 0)
    np.testing.assert_allclose(made, read.reshape(-1, 32), atol=2e-2)


def test_a_rounded_tower_says_the_same_in_half_the_bytes(tower: bytes, tmp_path: Path) -> None:
    lessons, checks = inputs(8), inputs(8)
    steps: list[None] = []
    rounded = round_tower(tower, lessons, seed=1, advance=lambda: steps.append(None))
    assert rounded == round_tower(tower, lessons, seed=1)
    assert len(steps) == len(lessons) + 2
    assert len(rounded) < 0.65 * len(tower)
    kept = Graph(rounded)
    assert kept.convolutions() == []  # None is left in float that would pay.
    models = []
    for name, content in (("float", tower), ("rounded", rounded)):
        (tmp_path / name).write_bytes(content)
        models.append(LiteRtModel(tmp_path / name))
    for item in checks:
        a, b = (model.run(item[None])[0] for model in models)
        assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) > 0.999


def test_named_layers_stay_in_float(tower: bytes) -> None:
    first, second = Graph(tower).convolutions()
    kept = Graph(round_tower(tower, inputs(2), float_layers=(second.name,)))
    assert [one.name for one in kept.convolutions()] == [second.name]
