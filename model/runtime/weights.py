"""The weights files and their manifest: nothing is loaded that the manifest does not vouch for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import WeightsError

WEIGHTS_DIR = Path(__file__).resolve().parent.parent / "weights"
MANIFEST = "manifest.json"
MANIFEST_FORMAT = 1
TOWERS = ("face_tower", "voice_tower")
"""The parts that span the embedding space: another byte in them is another space."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A directory of weights whose files were all found to be what its manifest says.

    Attributes:
        directory: where the files lie.
        manifest: the manifest as read, for those who want to show where a part came from.
    """

    directory: Path
    manifest: dict[str, Any]

    @classmethod
    def load(cls, directory: Path | None = None) -> Weights:
        """Read the manifest and check the sha256 of each file that it names.

        Args:
            directory: where to look; the package's own ``model/weights`` by default.

        Raises:
            WeightsError: the manifest or a file is missing, or a byte in it has changed. Says
                which file and what to do.
        """
        directory = directory or WEIGHTS_DIR
        weights = cls(directory=directory, manifest=read_manifest(directory))
        for part in weights.manifest["parts"]:
            weights._check(part)
        return weights

    @property
    def model_id(self) -> str:
        """Name of the embedding space: vectors of two different ones must never be compared.

        A tower that was measured to put everything where another one does spans that one's space,
        and its entry says so with ``spans``, the other file's sha256.
        """
        return space_id(self.manifest["space"], self.towers)

    @property
    def towers(self) -> dict[str, str]:
        """By tower the sha256 of the file whose space it spans: its own, mostly.

        Raises:
            WeightsError: the manifest lists none.
        """
        entries = {part: self._entry(part) for part in TOWERS}
        return {part: str(one.get("spans", one["sha256"])) for part, one in entries.items()}

    def has(self, part: str) -> bool:
        """Whether the manifest lists a part of that name."""
        return part in self.manifest["parts"]

    def path(self, part: str) -> Path:
        """The checked file of a part such as "face_detector" or "voice_tower".

        Raises:
            WeightsError: the manifest does not list the part.
        """
        return self.directory / str(self._entry(part)["file"])

    def digest(self, part: str) -> str:
        """The checked sha256 of a part, hexadecimal: what was made with it can be kept by it.

        Raises:
            WeightsError: the manifest does not list the part.
        """
        return str(self._entry(part)["sha256"])

    def _entry(self, part: str) -> dict[str, Any]:
        if not self.has(part):
            raise WeightsError(
                f"{self.directory / MANIFEST} lists no part {part!r}; reinstall the package"
            )
        entry: dict[str, Any] = self.manifest["parts"][part]
        return entry

    def _check(self, part: str) -> None:
        path = self.path(part)
        if not path.is_file():
            raise WeightsError(
                f"weights file {path} is missing; reinstall the package, restore the file from "
                "git, or make it again with 'make weights'"
            )
        if sha256_of(path) != self._entry(part)["sha256"]:
            raise WeightsError(
                f"weights file {path} is not the one that {MANIFEST} names (its sha256 differs); "
                "restore it from git, or make it again with 'make weights'"
            )


def space_id(family: str, towers: Mapping[str, str]) -> str:
    """Name of the embedding space that towers span.

    Args:
        family: what kind of towers, as manifests have it.
        towers: as ``Weights.towers`` gives them; one left out makes a name that no space has.
    """
    hashes = "".join(towers.get(part, "") for part in TOWERS)
    return f"{family}-{hashlib.sha256(hashes.encode()).hexdigest()[:8]}"


def read_manifest(directory: Path) -> dict[str, Any]:
    """Read ``manifest.json`` of a weights directory and check its form.

    Raises:
        WeightsError: it is missing, not JSON, or of another format.
    """
    path = directory / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        remedy = "reinstall the package" if directory == WEIGHTS_DIR else "name a folder of weights"
        raise WeightsError(f"cannot read {path} ({error.strerror}): {remedy}") from error
    except ValueError as error:
        raise WeightsError(f"{path} is not valid JSON; restore it from git ({error})") from error
    if not _well_formed(manifest):
        raise WeightsError(
            f"{path} is not a weights manifest of format {MANIFEST_FORMAT}; restore it from git"
        )
    return dict(manifest)


def sha256_of(path: Path) -> str:
    """Hexadecimal sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _well_formed(manifest: object) -> bool:
    if not isinstance(manifest, dict) or manifest.get("format") != MANIFEST_FORMAT:
        return False
    parts = manifest.get("parts")
    return (
        isinstance(manifest.get("space"), str)
        and isinstance(parts, dict)
        and all(isinstance(p, dict) and _names_a_file(p) for p in parts.values())
    )


def _names_a_file(part: dict[str, Any]) -> bool:
    file = part.get("file")
    plain = isinstance(file, str) and Path(file).name == file
    return plain and isinstance(part.get("sha256"), str) and isinstance(part.get("spans", ""), str)
