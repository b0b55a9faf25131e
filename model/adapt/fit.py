"""Maps from one embedding space to another, fitted on the same media embedded by both towers.

All take and give unit vectors, rows of shape (n, d), and are judged on people whom they were not
fitted on, by the cosine between where they put a sample and where the new tower does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.errors import ModelError

Floats = NDArray[np.float64]
People = NDArray[np.intp]

RIDGES = (1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 1.0)
"""How strongly an affine map is held to the rotation, in shares of the samples' mean square."""
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Affine:
    """A matrix of shape (d, d) and an offset of shape (d,)."""

    matrix: Floats
    offset: Floats

    def __call__(self, vectors: Floats) -> Floats:
        """Map rows, and bring them to unit length."""
        return unit(vectors @ self.matrix.T + self.offset)


def identity(size: int) -> Affine:
    """The map that leaves everything where it is: no adapter."""
    return Affine(np.eye(size), np.zeros(size))


def rotation(old: Floats, new: Floats) -> Affine:
    """The orthogonal matrix that brings old nearest to new (Schönemann 1966)."""
    left, _, right = np.linalg.svd(new.T @ old)
    return Affine(left @ right, np.zeros(old.shape[1]))


def affine(old: Floats, new: Floats, *, ridge: float) -> Affine:
    """Least squares with an offset, held to the rotation so far as samples are few (ridge).

    Args:
        old: shape (n, d).
        new: the same media by the new tower, shape (n, d).
        ridge: 0 for plain least squares; the higher, the nearer to :func:`rotation`.
    """
    turned = rotation(old, new)
    middle_old, middle_new = old.mean(axis=0), new.mean(axis=0)
    x = old - middle_old
    left = (new - middle_new) - x @ turned.matrix.T
    gram = x.T @ x
    weight = ridge * len(x) / x.shape[1]
    change = np.linalg.solve(gram + weight * np.eye(len(gram)), x.T @ left).T
    matrix = turned.matrix + change
    return Affine(matrix, middle_new - matrix @ middle_old)


def fitted_affine(old: Floats, new: Floats, person: People) -> tuple[Affine, float]:
    """The affine map, its ridge chosen on people left out."""

    def score(ridge: float) -> float:
        return left_out(old, new, person, lambda x, y: affine(x, y, ridge=ridge))

    best = max(RIDGES, key=score)
    return affine(old, new, ridge=best), best


def left_out(
    old: Floats,
    new: Floats,
    person: People,
    fit: Callable[[Floats, Floats], Callable[[Floats], Floats]],
) -> float:
    """Mean cosine to the new tower's vectors over people whom the map was not fitted on.

    Raises:
        ModelError: there are fewer people than parts to leave out.
    """
    parts = _parts(person)
    found: list[float] = []
    for part in parts:
        out = np.isin(person, part)
        made = fit(old[~out], new[~out])(old[out])
        found += (made * new[out]).sum(axis=1).tolist()
    return float(np.mean(found))


def unit(vectors: Floats) -> Floats:
    """Rows of unit length."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float64)


def _parts(person: People) -> Sequence[People]:
    people = np.unique(person)
    if len(people) < FOLDS:
        raise ModelError(
            f"an adapter needs {FOLDS} people at least, and the pack has {len(people)}: add people"
        )
    shuffled = np.random.default_rng(0).permutation(people)
    return [shuffled[k::FOLDS] for k in range(FOLDS)]
