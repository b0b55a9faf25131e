"""The ancestor's pairs: a match needs both the same face and the same voice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.ancestor.people import Material
from model.errors import PackError

Rows = NDArray[np.intp]

# Kind to (same face, same voice).
KINDS = {
    "same": (True, True),
    "both_different": (False, False),
    "voice_different": (True, False),
    "face_different": (False, True),
}
COUNTS = {"same": 4000, "both_different": 2000, "voice_different": 1000, "face_different": 1000}
ALONE_COUNTS = {"same": 4000, "both_different": 4000}


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of made-up people's samples, as rows of the faces and of the voices.

    Attributes:
        face: shape (2, n), row of either side's picture.
        voice: shape (2, n), row of either side's speech.
        mated: shape (n,), whether both are the same person's.
    """

    face: Rows
    voice: Rows
    mated: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.mated)


class Dealer:
    """Draws pairs.

    Args:
        faces: of all people.
        voices: of the same people.
        rng: source of randomness.
    """

    def __init__(self, faces: Material, voices: Material, rng: np.random.Generator) -> None:
        self._materials = (faces, voices)
        self._rng = rng

    def draw(self, counts: Mapping[str, int], splits: tuple[int, int]) -> Pairs:
        """Draw pairs of each kind, in the order of ``counts``.

        Args:
            counts: kind, a key of ``KINDS``, to how many.
            splits: where the first and where the second side's samples come from.

        Raises:
            PackError: a person has no two samples to pair.
        """
        people = int(self._materials[0].person.max()) + 1
        pools = [[self._pool(m, side) for side in splits] for m in self._materials]
        rows = []
        for kind in (kind for kind, count in counts.items() for _ in range(count)):
            one = int(self._rng.integers(people))
            other = (one + 1 + int(self._rng.integers(people - 1))) % people
            seconds = [one if same else other for same in KINDS[kind]]
            rows.append([self._two(p, one, b) for p, b in zip(pools, seconds, strict=True)])
        found = np.array(rows, dtype=np.intp).transpose(1, 2, 0)
        mated = np.array([all(KINDS[kind]) for kind, n in counts.items() for _ in range(n)])
        return Pairs(found[0], found[1], mated)

    def _pool(self, material: Material, split: int) -> list[Rows]:
        chosen = material.rows(split)
        people = range(int(material.person.max()) + 1)
        return [chosen[material.person[chosen] == number] for number in people]

    def _two(self, pools: list[list[Rows]], one: int, other: int) -> tuple[int, int]:
        """A row of one person, and another row of the other or of the same."""
        if not len(pools[0][one]):
            raise PackError(f"made-up person {one} has no sample left for this split")
        first = int(self._rng.choice(pools[0][one]))
        seconds = pools[1][other][pools[1][other] != first]
        if not len(seconds):
            raise PackError(f"made-up person {other} has no second sample to pair")
        return first, int(self._rng.choice(seconds))
