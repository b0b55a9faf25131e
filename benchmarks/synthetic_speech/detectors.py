"""Three ways to tell made speech: a network, a line, and one that knows genuine speech only.

All are fitted on maps, shape (n, frames, 64, 3), and give scores, shape (n,), higher where speech
looks made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.synthetic_speech.features import BANDS, MAPS, Maps, statistics
from model.evaluation.metrics import Flags, Floats

EPOCHS = 6
_BATCH = 64
_RIDGE = 1e-3
_DIRECTIONS = 60


class Detector(Protocol):
    """What all of them do."""

    def fit(self, seen: Sequence[Maps], made: Flags) -> None:
        """Learn from pieces, each as made or not."""

    def score(self, seen: Maps) -> Floats:
        """How much each looks made."""


class Network:
    """Three convolutions over time and bands, means and spreads over time, 90,000 weights."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._model: Any = None

    def fit(self, seen: Sequence[Maps], made: Flags) -> None:
        """Learn; genuine pieces weigh as much in all as made ones."""
        import keras  # takes seconds

        keras.utils.set_random_seed(self._seed)
        some = np.stack([seen[i] for i in range(0, len(seen), 16)]).astype(np.float32)
        self._model = _network(keras, some.mean((0, 1, 2)), some.var((0, 1, 2)))
        rate = keras.optimizers.schedules.CosineDecay(2e-3, EPOCHS * -(-len(seen) // _BATCH))
        self._model.compile(keras.optimizers.Adam(rate), keras.losses.BinaryCrossentropy(True))
        rng = np.random.default_rng(self._seed)
        weight = np.where(made, 0.5 / made.mean(), 0.5 / (1 - made.mean())).astype(np.float32)
        for _ in range(EPOCHS):
            order = rng.permutation(len(seen))
            for start in range(0, len(order), _BATCH):
                rows = order[start : start + _BATCH]
                batch = np.stack([seen[i] for i in rows])
                self._model.train_on_batch(batch, made[rows].astype(np.float32), weight[rows])

    def score(self, seen: Maps) -> Floats:
        """Logits."""
        parts = [
            np.asarray(self._model(seen[start : start + 4 * _BATCH]))[:, 0]
            for start in range(0, len(seen), 4 * _BATCH)
        ]
        return np.concatenate(parts).astype(np.float64)


class Line:
    """Logistic regression on means, spreads and steps of the maps."""

    def __init__(self) -> None:
        self._middle, self._spread, self._weights = np.zeros(1), np.ones(1), np.zeros(2)

    def fit(self, seen: Sequence[Maps], made: Flags) -> None:
        """Learn, both kinds weighing alike."""
        rows = np.stack([statistics(one) for one in seen]).astype(np.float64)
        self._middle, self._spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
        rows = self._shown(rows)
        sign = np.where(made, 1.0, -1.0)
        weight = np.where(made, 0.5 / made.sum(), 0.5 / (~made).sum())

        def cost(weights: Floats) -> tuple[float, Floats]:
            margin = sign * (rows @ weights)
            slope = -sign * weight / (1 + np.exp(np.clip(margin, -50, 50)))
            loss = weight @ np.logaddexp(0, -margin) + _RIDGE * weights @ weights
            return float(loss), rows.T @ slope + 2 * _RIDGE * weights

        self._weights = minimize(cost, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B").x

    def score(self, seen: Maps) -> Floats:
        """Logits."""
        return np.asarray(self._shown(np.stack([statistics(one) for one in seen])) @ self._weights)

    def _shown(self, rows: Floats | NDArray[np.float32]) -> Floats:
        scaled = (rows - self._middle) / self._spread
        return np.concatenate([scaled, np.ones((len(rows), 1))], axis=1)


class OneClass:
    """How far from genuine speech the same statistics lie, along and off its main directions."""

    def __init__(self) -> None:
        self._middle, self._spread = np.zeros(1), np.ones(1)
        self._axes, self._along, self._off = np.zeros((1, 1)), np.ones(1), 1.0

    def fit(self, seen: Sequence[Maps], made: Flags) -> None:
        """Learn from the genuine ones alone."""
        genuine = [one for one, is_made in zip(seen, made, strict=True) if not is_made]
        rows = np.stack([statistics(one) for one in genuine]).astype(np.float64)
        self._middle, self._spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
        scaled = (rows - self._middle) / self._spread
        _, lengths, axes = np.linalg.svd(scaled, full_matrices=False)
        self._axes = axes[:_DIRECTIONS].T
        self._along = lengths[:_DIRECTIONS] / np.sqrt(len(rows))
        self._off = float(np.square(scaled - scaled @ self._axes @ self._axes.T).sum(axis=1).mean())

    def score(self, seen: Maps) -> Floats:
        """Distances."""
        rows = np.stack([statistics(one) for one in seen])
        scaled = (rows - self._middle) / self._spread
        along = scaled @ self._axes
        off = np.square(scaled - along @ self._axes.T).sum(axis=1) / self._off
        return np.asarray(np.square(along / self._along).mean(axis=1) + off)


DETECTORS: dict[str, Callable[[], Detector]] = {
    "network": Network,
    "line": Line,
    "one class": OneClass,
}


def _network(keras: Any, middle: Floats, variance: Floats) -> Any:
    layers = keras.layers
    given = layers.Input((None, BANDS, MAPS))
    found = layers.Normalization(mean=middle, variance=variance)(given)
    found = layers.Reshape((-1, BANDS * MAPS))(found)
    for size, stride in ((5, 2), (3, 2), (3, 1)):
        found = layers.Conv1D(64, size, strides=stride, padding="same", use_bias=False)(found)
        found = layers.ReLU()(layers.BatchNormalization()(found))
    mean = layers.GlobalAveragePooling1D()(found)
    square = layers.GlobalAveragePooling1D()(layers.Lambda(lambda x: x * x)(found))
    spread = layers.Lambda(lambda x: keras.ops.sqrt(keras.ops.relu(x[0] - x[1] ** 2) + 1e-5))
    pooled = layers.Concatenate()([mean, spread([square, mean])])
    hidden = layers.Dense(32, activation="relu")(layers.Dropout(0.3)(pooled))
    return keras.Model(given, layers.Dense(1)(hidden))
