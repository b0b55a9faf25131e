"""Writes ``model/weights/manifest.json``, part by part; needs no TensorFlow."""

from __future__ import annotations

import json
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

SPACE = "sface-campplus"
"""Name of the embedding space that both towers span together."""


def update_part(
    part: str, file: str, *, directory: Path | None = None, **about: Any
) -> dict[str, Any]:
    """Add or replace one part of the manifest; its hash and size are taken from the file.

    Args:
        part: its name, such as "fusion".
        file: its file's name inside the directory; the file must be there already.
        directory: the weights directory; the package's own by default.
        about: what else to say of it (JSON values): source, licence, input, output, …

    Returns:
        The part's entry as written.

    Raises:
        WeightsError: the file is missing, or the manifest there is broken.
    """
    directory = directory or WEIGHTS_DIR
    path = directory / file
    if not path.is_file():
        raise WeightsError(f"{path} does not exist: write the file before its manifest entry")
    manifest = _read_or_new(directory)
    entry = {"file": file, "sha256": sha256_of(path), "bytes": path.stat().st_size, **about}
    manifest["parts"][part] = entry
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (directory / MANIFEST).write_text(text, encoding="utf-8")
    return entry


def _read_or_new(directory: Path) -> dict[str, Any]:
    if (directory / MANIFEST).exists():
        return read_manifest(directory)
    return {"format": MANIFEST_FORMAT, "space": SPACE, "parts": {}}
