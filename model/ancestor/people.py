"""The ancestor's known identities: made-up people and what each split of them may see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from model.ancestor.spectrogram import picture, pieces
from model.ancestor.vgg import face_picture
from model.data.media import Picture, read_picture, read_voice
from model.data.packs import Pack, Sample, people_with
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
        PackError: fewer than two people have enough pictures and speech.
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
        faces = [face for face in pack.faces if face.source not in LEFT_OUT]
        self._notes = pack.notes
        self._faces = people_with(faces, least=LEAST_SAMPLES).kept
        self._voices = people_with(pack.voices, least=1).kept
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
            files = [file.path for file in self._faces[identity][: self._most_pictures]]
            read = self._notes.reading(files, read_picture)
            return [embed(face_picture(portrait)) for _, portrait in read]

        return self._material("pictures", self.people.faces, read)

    def voices(self) -> Material:
        """All speech as spectrogram pictures, uint8 (n, 128, 128, 3)."""

        def read(identity: str) -> list[Picture]:
            files = [file.path for file in self._voices[identity]]
            load = partial(read_voice, notes=self._notes)
            sound = [samples for _, samples in self._notes.reading(files, load)]
            cut = pieces(np.concatenate(sound)) if sound else []
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
            if len(samples) < LEAST_SAMPLES:
                raise PackError(
                    f"{name} has {len(samples)} samples that can be read, {LEAST_SAMPLES} are "
                    f"needed: replace its files or take it out{self._why()}"
                )
            inputs += samples
            person += [number] * len(samples)
            split += _splits(len(samples), rng)
        return Material(np.stack(inputs), np.array(person), np.array(split))

    def _why(self) -> str:
        reasons = list(self._notes.skipped.values())
        return f" ({reasons[-1]})" if reasons else ""


def _is_enough_speech(files: Sequence[Sample]) -> bool:
    return sum(file.seconds for file in files) >= 2 * LEAST_SAMPLES


def _splits(count: int, rng: np.random.Generator) -> list[int]:
    """A quarter of a person's samples for the test, two at least; one in six for validation."""
    test, validation = max(2, count // 4), max(1, count // 6)
    ordered = [TEST] * test + [VALIDATION] * validation
    ordered += [TRAIN] * (count - len(ordered))
    return [int(split) for split in rng.permutation(ordered)]
