"""Writes folders of weights in which one or both towers are compressed ones."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from model.convert.manifest import update_part
from model.runtime.weights import MANIFEST, Weights


def write_folder(folder: Path, source: Weights, towers: Mapping[str, tuple[str, Path]]) -> Weights:
    """Copy all parts of a folder of weights, and put other towers in their places.

    The towers span another space than before: references must be enrolled again, which the
    space's digest sees to. Fusion network and calibration stay those of the source.

    Args:
        folder: made, or written anew.
        source: the weights as served.
        towers: part, such as "face_tower", to the method's name and the file.

    Returns:
        The folder's weights, checked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for part in source.manifest["parts"]:
        shutil.copyfile(source.path(part), folder / source.path(part).name)
    shutil.copyfile(source.directory / MANIFEST, folder / MANIFEST)
    for part, (method, file) in towers.items():
        about = dict(source.manifest["parts"][part])
        own = {key: about.pop(key) for key in ("file", "sha256", "bytes")}
        shutil.copyfile(file, folder / own["file"])
        update_part(part, own["file"], directory=folder, compressed_by=method, **about)
    return Weights.load(folder)
