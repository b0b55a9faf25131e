"""Renewable references (ISO/IEC 24745): vectors are stored turned, each person's in another way.

A turn by a random orthogonal matrix keeps every cosine between vectors that are turned alike, and
makes vectors that are turned by two matrices as far from each other as any two directions. So
what is stored of a person in two places cannot be matched, and another turn makes another stored
reference of the same person without asking that person again.
"""

from __future__ import annotations

import hashlib
import secrets

import numpy as np
from numpy.typing import NDArray

from model.runtime.reference import with_vectors
from model.types import Reference, Vector

SEED_BYTES = 32

Array = NDArray[np.float64]


def new_seed() -> bytes:
    """Draw a turn: 32 random bytes."""
    return secrets.token_bytes(SEED_BYTES)


def turn(reference: Reference, seed: bytes) -> Reference:
    """A reference as it is stored: all its vectors turned, of unit length as before."""
    return _each_turned(reference, seed, back=False)


def turn_back(reference: Reference, seed: bytes) -> Reference:
    """The reference that :func:`turn` was given, to within rounding to float32."""
    return _each_turned(reference, seed, back=True)


def _each_turned(reference: Reference, seed: bytes, *, back: bool) -> Reference:
    # Each by a matrix of its own: voices of one person are alike, and nobody is to see how much.
    return with_vectors(reference, lambda name, vector: turned(vector, seed, name, back=back))


def turned(vector: Vector, seed: bytes, part: str, *, back: bool = False) -> Vector:
    """Turn a vector by an orthogonal matrix, all being equally likely (Haar measure).

    The matrix is a product of Householder reflections of the last 1, 2, ... coordinates (Stewart
    1980), and is never written down: n reflections cost less than one product with it. Their
    directions come from SHAKE-256 by Box and Muller's way, not from NumPy, whose streams may
    change with its version.

    Args:
        vector: shape (n,).
        seed: 32 bytes.
        part: which of a reference's vectors; each has its own matrix.
        back: whether to undo it.

    Returns:
        shape (n,), float32.
    """
    size = vector.size
    lengths = np.arange(1, size + 1)
    starts = lengths * (lengths - 1) // 2
    # Of each length one direction, to which its reflection brings the first axis.
    axes = _normal(seed + part.encode(), size * (size + 1) // 2)
    norms = np.sqrt(np.add.reduceat(axes**2, starts))
    signs = np.where(axes[starts] >= 0, 1.0, -1.0)
    axes[starts] += signs * norms
    halves = norms * np.abs(axes[starts])  # half of each axis' square

    result = vector.astype(np.float64)
    # Each reflection is its own inverse, their order is not.
    for length in lengths[::-1] if back else lengths:
        axis = axes[starts[length - 1] : starts[length - 1] + length]
        block = result[size - length :]
        block -= axis * ((axis @ block) / halves[length - 1])
        block *= -signs[length - 1]
    return result.astype(np.float32)


def _normal(seed: bytes, count: int) -> Array:
    half = (count + 1) // 2
    drawn = hashlib.shake_256(b"stream-verifier turn 1: " + seed).digest(16 * half)
    # 53 bits each, above 0 and below 1.
    uniform = ((np.frombuffer(drawn, "<u8") >> np.uint64(11)) + 0.5) * 2.0**-53
    radius = np.sqrt(-2 * np.log(uniform[:half]))
    angle = 2 * np.pi * uniform[half:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]
