"""A voice in several manners: the directions that a person's speech gathers around.

One mean of all speech lies between calm and loud, near and far, and is close to none of them. A
reference keeps up to four centroids beside it, found by spherical k-means (Dhillon and Modha 2001),
and leans towards the one that a probe is nearest to. Only a third of the way, since what is nearest
of several is nearer for strangers, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model.types import Reference, Vector

MOST = 4
LEAN = 0.5
"""Weight of the nearest centroid beside the mean."""
_ROUNDS = 20

Floats = NDArray[np.float64]


def centroids(vectors: NDArray[np.floating], weights: Sequence[float]) -> Vector | None:
    """What several stretches of one person's speech gather around; the same for the same input.

    Args:
        vectors: shape (n, d), of any length but 0.
        weights: seconds of speech of each.

    Returns:
        float32, shape (k, d), unit length, k from 2 to ``MOST``; None where there are not two.
    """
    units, each = _unit(vectors.astype(np.float64)), np.asarray(weights, np.float64)
    if len(units) < 2:
        return None
    if len(units) <= MOST:
        return units.astype(np.float32)
    means = units[_far_apart(units, each)]
    for _ in range(_ROUNDS):
        nearest = np.argmax(units @ means.T, axis=1)
        moved = np.stack([_middle(units, each * (nearest == k), means[k]) for k in range(MOST)])
        if np.allclose(moved, means, atol=1e-9):
            break
        means = moved
    return means.astype(np.float32)


def leant(reference: Reference, probe: Vector) -> Reference:
    """A reference whose voice leans towards the centroid that the probe is nearest to.

    Args:
        reference: one without centroids stays as it is.
        probe: shape (192,), of any length.
    """
    if reference.voice_centroids is None:
        return reference
    voice = leant_vector(reference.voice, reference.voice_centroids, probe)
    return replace(reference, voice=voice, voice_centroids=None)


def leant_vector(mean: Vector, each: Vector, probe: Vector) -> Vector:
    """The direction between a mean and the nearest of its centroids.

    Args:
        mean: shape (d,), unit length.
        each: shape (k, d), unit length.
        probe: shape (d,), of any length.

    Returns:
        float32, shape (d,), unit length.
    """
    nearest = each[int(np.argmax(each @ probe))]
    return np.asarray(_unit((mean + LEAN * nearest)[None])[0], np.float32)


def _far_apart(units: Floats, weights: Floats) -> list[int]:
    """Where to begin: the one in the middle, then whichever is farthest from those chosen."""
    chosen = [int(np.argmax(units @ np.average(units, axis=0, weights=weights)))]
    while len(chosen) < MOST:
        nearest = (units @ units[chosen].T).max(axis=1)
        chosen.append(int(np.argmin(nearest)))
    return chosen


def _middle(units: Floats, weights: Floats, otherwise: Floats) -> Floats:
    middle = weights @ units
    length = float(np.linalg.norm(middle))
    return np.asarray(middle / length) if length > 1e-6 else otherwise


def _unit(rows: NDArray[np.floating]) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
