"""Adapters: a reference of an older model moved to the space of the one in use.

An adapter is one affine map for each vector of a reference, fitted on media that both models have
embedded (``python -m model adapt``). It lies among the weights, and the manifest says by hash
which towers it leads from and to: nothing is moved that was not made by just those.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from model.errors import ModelError, WeightsError
from model.runtime.reference import FACE_SIZE, VOICE_SIZE, kind_of, with_vectors
from model.runtime.weights import Weights, space_id
from model.types import Reference, Vector

FORMAT = 1
PREFIX = "adapter_"
"""What parts of the manifest are called that are adapters, before the space they lead from."""
SIZES = {"face": FACE_SIZE, "voice": VOICE_SIZE, "telephone": VOICE_SIZE}


@dataclass(frozen=True, slots=True)
class AffineMap:
    """Where one kind of vector goes: a matrix of shape (d, d) and an offset of shape (d,)."""

    matrix: Vector
    offset: Vector

    def __call__(self, vector: Vector) -> Vector:
        """Map a unit vector to another.

        Raises:
            ModelError: it comes out as nobody's direction.
        """
        moved = self.matrix.astype(np.float64) @ vector + self.offset
        length = float(np.linalg.norm(moved))
        if not length > 1e-6:  # also true of NaN
            raise ModelError("a vector cannot be moved by the adapter: enrol again")
        return np.asarray(moved / length, np.float32)


@dataclass(frozen=True)
class Adapter:
    """Moves references of one embedding space to another.

    Attributes:
        source: the space that it takes references of.
        target: the space that it moves them to.
        maps: by vector, "face", "voice" and "telephone"; those that are not there stay as they
            are, since the same tower makes them in both spaces.
        about: how it was fitted: command, pack, numbers of people and samples, figures.
    """

    source: str
    target: str
    maps: Mapping[str, AffineMap]
    about: Mapping[str, Any] = field(default_factory=dict)

    def adapt(self, reference: Reference) -> Reference:
        """Move a reference, which tells from then on where it came from.

        Raises:
            ModelError: it is of another space, or cannot be moved.
        """
        if reference.model_id != self.source:
            raise ModelError(
                f"a reference of {reference.model_id} is not for an adapter from {self.source}"
            )

        def moved(name: str, vector: Vector) -> Vector:
            kind = kind_of(name)
            return self.maps[kind](vector) if kind in self.maps else vector

        return replace(
            with_vectors(reference, moved),
            model_id=self.target,
            adapted_from=(*reference.adapted_from, self.source),
        )

    def to_bytes(self) -> bytes:
        """The file's content; the same for the same adapter."""
        head = {"format": FORMAT, "from": self.source, "to": self.target, "about": self.about}
        text = json.dumps(head, sort_keys=True).encode()
        arrays: dict[str, Any] = {"head": np.frombuffer(text, np.uint8)}
        for name, one in sorted(self.maps.items()):
            arrays[f"{name}_matrix"] = one.matrix.astype("<f4")
            arrays[f"{name}_offset"] = one.offset.astype("<f4")
        data = io.BytesIO()
        np.savez(data, **arrays)
        return data.getvalue()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file that :meth:`to_bytes` made.

        Raises:
            WeightsError: it cannot be read, or is garbled.
        """
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            head = json.loads(arrays.pop("head").tobytes())
            if head["format"] != FORMAT:
                raise ValueError(f"format {head['format']}")
            names = {name.removesuffix("_matrix").removesuffix("_offset") for name in arrays}
            maps = {name: _map(arrays, name) for name in sorted(names)}
            return cls(str(head["from"]), str(head["to"]), maps, dict(head["about"]))
        except Exception as error:  # whatever a garbled archive makes of NumPy
            raise WeightsError(f"{path.name} is no adapter that can be read: {error!r}") from error


@dataclass(frozen=True)
class Adapters:
    """All adapters that a folder of weights has, each to its space.

    Attributes:
        target: the space of the model in use.
        by_source: by the space that they lead from.
    """

    target: str
    by_source: Mapping[str, Adapter] = field(default_factory=dict)

    @classmethod
    def load(cls, weights: Weights) -> Self:
        """Read the adapters that the manifest lists.

        Args:
            weights: hashes already checked.

        Raises:
            WeightsError: one is garbled, or leads from or to other towers than it should.
        """
        found = {}
        for part, entry in weights.manifest["parts"].items():
            if part.startswith(PREFIX):
                adapter = Adapter.read(weights.path(part))
                _check(part, entry, adapter, weights)
                found[adapter.source] = adapter
        return cls(weights.model_id, found)

    def find(self, source: str) -> Adapter | None:
        """The adapter that takes references of a space; None if there is none."""
        return self.by_source.get(source)


def part_of(source: str) -> str:
    """What the manifest calls the adapter from a space."""
    return f"{PREFIX}{source.rpartition('-')[2]}"


def _map(arrays: Mapping[str, Any], name: str) -> AffineMap:
    size = SIZES[name]
    matrix, offset = arrays[f"{name}_matrix"], arrays[f"{name}_offset"]
    if matrix.shape != (size, size) or offset.shape != (size,):
        raise ValueError(f"{name} is of another size")
    if not (np.isfinite(matrix).all() and np.isfinite(offset).all()):
        raise ValueError(f"{name} is not finite")
    return AffineMap(matrix.astype(np.float32), offset.astype(np.float32))


def _check(part: str, entry: Mapping[str, Any], adapter: Adapter, weights: Weights) -> None:
    """Hold an adapter against what the manifest says of it and the towers that are there."""
    remedy = "fit it again with 'python -m model adapt', or take its entry out of the manifest"
    if (adapter.source, adapter.target) != (entry.get("from"), entry.get("to")):
        raise WeightsError(
            f"{entry['file']} leads from {adapter.source} to {adapter.target}, and the manifest "
            f"says otherwise of {part}: {remedy}"
        )
    if adapter.target != weights.model_id or entry.get("to_towers") != weights.towers:
        raise WeightsError(
            f"{entry['file']} leads to {adapter.target} or to other towers of it, and the weights "
            f"in {weights.directory} are {weights.model_id}: {remedy}"
        )
    family = adapter.source.rpartition("-")[0]
    if space_id(family, entry.get("from_towers", {})) != adapter.source:
        raise WeightsError(
            f"{entry['file']} leads from {adapter.source}, which is not spanned by the towers that "
            f"the manifest names for {part}: {remedy}"
        )
