"""What a feed of decoded media sends, made up."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stream_verifier.decoded.frames import Sound


def silence(seconds: float, *, at_s: float, rate_hz: int = 16_000) -> Sound:
    return Sound(at_s, bytes(2 * round(seconds * rate_hz)))


def encoded(image: NDArray[np.uint8], kind: str = "JPEG", **options: Any) -> bytes:
    """A picture as a file; uint8, shape (height, width, 3), BGR."""
    target = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image[:, :, ::-1])).save(target, kind, **options)
    return target.getvalue()


def patches(width: int = 192, height: int = 128, seed: int = 4) -> NDArray[np.uint8]:
    """Patches of colour, another in every corner."""
    small = np.random.default_rng(seed).integers(30, 220, (4, 6, 3), dtype=np.uint8)
    return np.kron(small, np.ones((height // 4, width // 6, 1), np.uint8))


def jpeg(width: int = 192, height: int = 128, **options: Any) -> bytes:
    return encoded(patches(width, height), "JPEG", **options)


def png(width: int = 192, height: int = 128) -> bytes:
    return encoded(patches(width, height), "PNG")
