"""A candidate beside affine maps: a small network that corrects one, in NumPy.

It was not chosen, so that nothing that serves knows how to run it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from model.adapt.fit import Floats, unit

HIDDEN, EPOCHS, BATCH, RATE, DECAY = 128, 20, 128, 1e-3, 1e-2


def network(
    old: Floats, new: Floats, base: Callable[[Floats], Floats], *, seed: int = 0
) -> Callable[[Floats], Floats]:
    """One hidden layer of rectifiers whose output is added to what an affine map gives.

    Trained by Adam (Kingma and Ba 2015) with decoupled decay on the squared distance to where the
    new tower puts a sample.

    Args:
        old: unit vectors, shape (n, d).
        new: the same media by the new tower, likewise.
        base: the affine map.
        seed: of first weights and order.
    """
    rng = np.random.default_rng(seed)
    size, out = old.shape[1], new.shape[1]
    weights = [
        rng.standard_normal((size, HIDDEN)) * np.sqrt(2 / size) * np.sqrt(size),
        np.zeros(HIDDEN),
        np.zeros((HIDDEN, out)),
        np.zeros(out),
    ]
    first, second = ([np.zeros_like(one) for one in weights] for _ in range(2))
    left = new - base(old)
    scale = np.sqrt(np.square(left).mean())
    step = 0
    for _ in range(EPOCHS):
        for rows in np.array_split(rng.permutation(len(old)), max(1, len(old) // BATCH)):
            step += 1
            gradients = _gradients(weights, old[rows], left[rows] / scale)
            for place, gradient in enumerate(gradients):
                first[place] += 0.1 * (gradient - first[place])
                second[place] += 0.001 * (gradient**2 - second[place])
                move = first[place] / (1 - 0.9**step)
                move /= np.sqrt(second[place] / (1 - 0.999**step)) + 1e-8
                weights[place] -= RATE * (move + DECAY * weights[place])

    def run(vectors: Floats) -> Floats:
        hidden = np.maximum(vectors @ weights[0] + weights[1], 0)
        return unit(base(vectors) + scale * (hidden @ weights[2] + weights[3]))

    return run


def _gradients(weights: list[Floats], x: Floats, wanted: Floats) -> list[Floats]:
    hidden = np.maximum(x @ weights[0] + weights[1], 0)
    error = 2 * (hidden @ weights[2] + weights[3] - wanted) / wanted.size * wanted.shape[1]
    back = (error @ weights[2].T) * (hidden > 0)
    return [x.T @ back, back.sum(axis=0), hidden.T @ error, error.sum(axis=0)]
