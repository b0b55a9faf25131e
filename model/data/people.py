"""Probes and reference material of training people, out of a pack's plain lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.data.degrade import add_noise, damage, made_noise
from model.data.media import SAMPLE_RATE_HZ, Picture, Samples, join_voices, read_picture
from model.data.packs import Sample

Unit = tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Speech:
    """Speech to be embedded: which person's which unit, what was done to it, and the samples."""

    identity: str
    unit: int
    noise_db: float
    samples: Samples


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture to be embedded: which person's which picture, and whether it was damaged."""

    identity: str
    index: int
    damaged: bool
    picture: Picture


def by_identity(samples: Sequence[Sample]) -> dict[str, list[Sample]]:
    """Group samples by person, people in order of name."""
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.identity].append(sample)
    return dict(sorted(groups.items()))


def speech_units(
    files: Sequence[Sample], rng: np.random.Generator, *, seconds: float = 3.0, most: int = 8
) -> list[Unit]:
    """Join one person's files, in random order, into units of ``seconds`` or a little more."""
    units: list[Unit] = []
    unit, length = [], 0.0
    for index in rng.permutation(len(files)):
        unit.append(files[index].path)
        length += files[index].seconds
        if length >= seconds * 0.95:
            units.append(tuple(unit))
            unit, length = [], 0.0
    return units[:most]


def excerpt(samples: Samples, seconds: float, rng: np.random.Generator) -> Samples:
    """A piece of that length from anywhere; all of it where it is shorter."""
    count = int(seconds * SAMPLE_RATE_HZ)
    start = int(rng.integers(max(1, len(samples) - count + 1)))
    return samples[start : start + count]


class SpeechMaker:
    """Makes the training speech: each unit clean and whole, then as calls would have it.

    Args:
        voices: a pack's voices.
        seed: everything random follows from it.
        copies: noisy or shortened copies of each unit.
    """

    def __init__(self, voices: Sequence[Sample], *, seed: int = 1, copies: int = 6) -> None:
        self._rng = np.random.default_rng(seed)
        self._copies = copies
        people = by_identity(voices)
        found = {who: speech_units(files, self._rng) for who, files in people.items()}
        self.units = {who: units for who, units in found.items() if len(units) > 1}

    def speech(self) -> Iterator[Speech]:
        """All units clean and whole first (noise_db is infinite), then the copies."""
        whole = {
            (who, index): join_voices(unit)
            for who, units in self.units.items()
            for index, unit in enumerate(units)
        }
        for (who, index), samples in whole.items():
            yield Speech(who, index, np.inf, samples)
        for key in whole:
            for copy in range(self._copies):
                yield self._copy(key, copy, whole)

    def _copy(
        self, key: tuple[str, int], copy: int, whole: dict[tuple[str, int], Samples]
    ) -> Speech:
        rng, (who, index) = self._rng, key
        seconds = (1.5, 2.0, 3.0, 3.0, float(rng.uniform(1, 3)), 3.0)[copy % 6]
        piece = excerpt(whole[key], seconds, rng)
        if copy % 6 < 2:
            return Speech(who, index, np.inf, piece)
        others = [voice for (name, _), voice in whole.items() if name != who]

        def babblers(count: int) -> list[Samples]:
            return [others[int(rng.integers(len(others)))] for _ in range(count)]

        snr_db = float(rng.uniform(0, 20))
        noise = made_noise(len(piece), babblers, rng)
        return Speech(who, index, snr_db, add_noise(piece, noise, snr_db))


class PictureMaker:
    """Makes the training pictures: each as it is, then damaged as calls damage them.

    Args:
        faces: a pack's pictures.
        seed: everything random follows from it.
        least: pictures that a person must have, so that references average several.
        most: pictures used of one person.
        copies: damaged copies of each picture.
    """

    def __init__(
        self,
        faces: Sequence[Sample],
        *,
        seed: int = 1,
        least: int = 4,
        most: int = 6,
        copies: int = 1,
    ) -> None:
        self._rng = np.random.default_rng(seed)
        self._copies = copies
        people = by_identity(faces).items()
        self.files = {who: files[:most] for who, files in people if len(files) >= least}

    def pictures(self) -> Iterator[Portrait]:
        """Every picture followed by its damaged copies."""
        for who, files in self.files.items():
            for index, file in enumerate(files):
                picture = read_picture(file.path)
                yield Portrait(who, index, False, picture)
                for _ in range(self._copies):
                    yield Portrait(who, index, True, damage(picture, self._rng))
