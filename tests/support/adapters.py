"""Made-up adapters, and folders of weights whose towers are a few bytes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from model.runtime.adapter import SIZES, Adapter, Adapters, AffineMap
from model.runtime.weights import Weights, sha256_of

NEW = "towers-2"


def made_adapter(source: str = "towers-1", target: str = NEW, *, seed: int = 1) -> Adapter:
    """One that turns everything another way, and shifts it a little."""
    rng = np.random.default_rng(seed)
    return Adapter(source, target, {name: _map(size, rng) for name, size in SIZES.items()})


def adapters(*made: Adapter) -> Adapters:
    found = made or (made_adapter(),)
    return Adapters(found[0].target, {one.source: one for one in found})


def made_weights(folder: Path, *, face: bytes = b"face", voice: bytes = b"voice") -> Weights:
    """Weights that can be told apart and do nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = {}
    for part, content in (("face_tower", face), ("voice_tower", voice)):
        path = folder / f"{part}.tflite"
        path.write_bytes(content)
        parts[part] = {"file": path.name, "sha256": sha256_of(path)}
    manifest = {"format": 1, "space": "made-up", "parts": parts}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return Weights.load(folder)


def _map(size: int, rng: np.random.Generator) -> AffineMap:
    turned, _ = np.linalg.qr(rng.standard_normal((size, size)))
    shift = rng.standard_normal(size) * 0.01
    return AffineMap(turned.astype(np.float32), shift.astype(np.float32))
