"""Writes ``model/weights/manifest.json``, part by part; needs no TensorFlow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model.errors import WeightsError
from model.runtime.weights import (
    MANIFEST,
    MANIFEST_FORMAT,
    WEIGHTS_DIR,
    read_manifest,
    sha256_of,
)
from model.training.files import write_together

SPACE = "sface-campplus"
"""Name of the embedding space that both towers span together."""


def update_part(
    part: str,
    file: str,
    *,
    data: bytes | None = None,
    directory: Path | None = None,
    **about: Any,
) -> dict[str, Any]:
    """Add or replace one part of the manifest; its hash and size are taken from the file.

    Weights whose manifest names another hash are refused, so a file and its entry are written
    together or not at all: on a full disk the old ones serve on.

    Args:
        part: its name, such as "fusion".
        file: its file's name inside the directory.
        data: what is to be in it; without, it must be there already.
        directory: the weights directory; the package's own by default.
        about: what else to say of it (JSON values): source, licence, input, output, …

    Returns:
        The part's entry as written.

    Raises:
        WeightsError: the file is missing, or the manifest there is broken.
        CheckpointError: the disk is full or refuses.
    """
    directory = directory or WEIGHTS_DIR
    path = directory / file
    if data is None and not path.is_file():
        raise WeightsError(f"{path} does not exist: write the file before its manifest entry")
    manifest = _read_or_new(directory)
    entry = {"file": file, **_measured(path, data), **about}
    manifest["parts"][part] = entry
    new = {} if data is None else {path: data}
    write_together({**new, directory / MANIFEST: as_text(manifest)})
    return entry


def as_text(manifest: Mapping[str, Any]) -> bytes:
    """A manifest as its file holds it."""
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return text.encode()


def _measured(path: Path, data: bytes | None) -> dict[str, Any]:
    if data is None:
        return {"sha256": sha256_of(path), "bytes": path.stat().st_size}
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _read_or_new(directory: Path) -> dict[str, Any]:
    if (directory / MANIFEST).exists():
        return read_manifest(directory)
    return {"format": MANIFEST_FORMAT, "space": SPACE, "parts": {}}
