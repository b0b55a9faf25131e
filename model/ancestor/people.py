"""The ancestor's known identities: made-up people and what each split of them may see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from model.ancestor.spectrogram import picture, pieces
from model.ancestor.vgg import face_picture
from model.data.media import Picture, join_voices, read_picture
from model.data.packs import Pack, Sample
from model.data.people import by_identity
from model.errors import PackError
from model.types import Vector

TRAIN, VALIDATION, TEST = range(3)
LEAST_SAMPLES = 5
# Grey pictures of few people under laboratory lights: colour alone would tell them apart.
LEFT_OUT = ("yaleb",)


@dataclass(frozen=True, slots=True)
class Material:
    """One modality of all people.

    Attributes:
        inputs: what the tower takes, shape (n, ...).
        person: shape (n,), number of the person.
        split: shape (n,), TRAIN, VALIDATION or TEST.
    """

    inputs: NDArray[Any]
    person: NDArray[np.intp]
    split: NDArray[np.intp]

    def rows(self, *splits: int) -> NDArray[np.intp]:
        """Numbers of the samples in these splits."""
        return np.flatnonzero(np.isin(self.split, splits))


@dataclass(frozen=True, slots=True)
class People:
    """Made-up people: the n-th has the n-th face identity and the n-th voice identity."""

    faces: tuple[str, ...]
    voices: tuple[str, ...]


class Album:
    """Reads a pack into the material that the ancestor trains on.

    Args:
        pack: with faces and voices.
        seed: who is paired with whom, and which sample falls into which split, follow from it.
        most_people: at most so many made-up people; None: as many as there are voices.
        most_pictures: used of one person.
        most_pieces: 2 s pieces of speech used of one person.

    Raises:
        PackError: nobody has enough pictures or speech.
    """

    def __init__(
        self,
        pack: Pack,
        *,
        seed: int = 1,
        most_people: int | None = None,
        most_pictures: int = 20,
        most_pieces: int = 12,
    ) -> None:
        self._faces = by_identity([face for face in pack.faces if face.source not in LEFT_OUT])
        self._voices = by_identity(pack.voices)
        self._seed = seed
        self._most_pictures, self._most_pieces = most_pictures, most_pieces
        self.people = self._pair(most_people)
        if len(self.people.faces) < 2:
            raise PackError(
                f"pack {pack.root} has too few people: two or more need {LEAST_SAMPLES} pictures "
                f"each, and two or more {2 * LEAST_SAMPLES} s of speech"
            )

    def faces(self, embed: Callable[[Picture], Vector]) -> Material:
        """All pictures as features.

        Args:
            embed: uint8 (128, 128, 3) to its vector.
        """

        def read(identity: str) -> list[Vector]:
            files = self._faces[identity][: self._most_pictures]
            return [embed(face_picture(read_picture(file.path))) for file in files]

        return self._material("pictures", self.people.faces, read)

    def voices(self) -> Material:
        """All speech as spectrogram pictures, uint8 (n, 128, 128, 3)."""

        def read(identity: str) -> list[Picture]:
            cut = pieces(join_voices([file.path for file in self._voices[identity]]))
            return [picture(piece) for piece in cut[: self._most_pieces]]

        return self._material("speech", self.people.voices, read)

    def _pair(self, most: int | None) -> People:
        voices = [who for who, files in self._voices.items() if _is_enough_speech(files)]
        ranked = sorted(self._faces.items(), key=lambda item: -len(item[1]))
        faces = [who for who, files in ranked if len(files) >= LEAST_SAMPLES]
        rng = np.random.default_rng(self._seed)
        count = min(len(voices), len(faces), most or len(voices))
        chosen = rng.permutation(len(voices))[:count]
        return People(tuple(faces[:count]), tuple(voices[i] for i in chosen))

    def _material(
        self, what: str, names: Sequence[str], read: Callable[[str], list[Any]]
    ) -> Material:
        rng = np.random.default_rng([self._seed, len(what)])
        inputs: list[Any] = []
        person: list[int] = []
        split: list[int] = []
        for number, name in enumerate(track(names, f"reading {what}", transient=True)):
            samples = read(name)
            inputs += samples
            person += [number] * len(samples)
            split += _splits(len(samples), rng)
        return Material(np.stack(inputs), np.array(person), np.array(split))


def _is_enough_speech(files: Sequence[Sample]) -> bool:
    return sum(file.seconds for file in files) >= 2 * LEAST_SAMPLES


def _splits(count: int, rng: np.random.Generator) -> list[int]:
    """A quarter of a person's samples for the test, two at least; one in six for validation."""
    test, validation = max(2, count // 4), max(1, count // 6)
    ordered = [TEST] * test + [VALIDATION] * validation
    ordered += [TRAIN] * (count - len(ordered))
    return [int(split) for split in rng.permutation(ordered)]
