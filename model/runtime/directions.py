"""Means of vectors of which only the direction counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.errors import ModelError
from model.types import Vector


def mean_direction(
    vectors: Sequence[NDArray[np.float32]], weights: Sequence[float], size: int
) -> Vector:
    """The weighted mean of vectors that were brought to unit length, itself of unit length.

    Args:
        vectors: each of shape (size,).
        weights: one a vector, above 0.
        size: of the vectors.

    Raises:
        ModelError: vectors are of another size, not finite, or cancel each other out, or a weight
            is 0.
    """
    if any(vector.shape != (size,) for vector in vectors):
        raise ModelError(f"vectors to average must have shape ({size},)")
    if min(weights) <= 0:
        raise ModelError("every stretch of speech must be longer than 0 s")
    rows = np.stack(vectors).astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.average(rows / lengths, axis=0, weights=weights)
        length = np.linalg.norm(mean)
        direction = (mean / length).astype(np.float32)
    # Opposite vectors leave only rounding noise, which is nobody's direction.
    if not length > 1e-6 or not np.isfinite(direction).all():
        raise ModelError("vectors have no common direction: enrol again with other samples")
    return np.asarray(direction)
