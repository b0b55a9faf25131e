"""Makes speech, sends it through channels, and keeps what detectors see of it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rich.progress import Progress

from benchmarks.synthetic_speech.channels import CHANNELS, through
from benchmarks.synthetic_speech.features import Maps, maps
from benchmarks.synthetic_speech.generators import generator
from benchmarks.synthetic_speech.pieces import PIECE, Piece, levelled, pieces, sound
from model.data.degrade import made_noise
from model.data.media import Samples, read_voice
from model.data.packs import Pack

DRAWN = 2
"""Channels that a piece to learn from goes through; pieces to be judged go through all."""


@dataclass(frozen=True)
class Material:
    """One pack's pieces, from which speech is made.

    Attributes:
        name: of the pack.
        pieces: of all its people.
        noises: recorded ones to add; where there are none, noise is synthesised.
        drawn: whether a piece goes through some channels only.
    """

    name: str
    pieces: tuple[Piece, ...]
    noises: tuple[Path, ...]
    drawn: bool

    @classmethod
    def of(cls, pack: Pack, *, most: int, drawn: bool) -> Material:
        """Of a pack, ``most`` pieces a person."""
        noises = tuple(sample.path for sample in pack.noises)
        return cls(pack.name, tuple(pieces(pack.voices, most)), noises, drawn)

    def lanes(self, index: int) -> list[str]:
        """Channels that piece ``index`` goes through, whoever or whatever speaks it."""
        names = list(CHANNELS)
        return (
            [names[(index + step) % len(names)] for step in range(DRAWN)] if self.drawn else names
        )

    def noise(self, index: int) -> Samples:
        """What is added to piece ``index`` where its channel adds noise."""
        if self.noises:
            return read_voice(self.noises[index % len(self.noises)])
        rng = np.random.default_rng(index)
        return made_noise(PIECE, partial(self._others, index, rng), rng)

    def seen(self, name: str, cache: Path, workers: int) -> Maps:
        """What detectors see of all pieces as one generator makes them.

        Args:
            name: of the generator.
            cache: folder where it is kept for the next run.
            workers: processes.

        Returns:
            Shape (pieces, channels, frames, 64, 3).
        """
        file = cache / f"{self.name}-{len(self.pieces)}-{name.replace(' ', '_')}.npy"
        if not file.is_file():
            cache.mkdir(parents=True, exist_ok=True)
            np.save(file, np.stack(list(self._made(name, workers))))
        return np.asarray(np.load(file, mmap_mode="r"))

    def _made(self, name: str, workers: int) -> Iterator[Maps]:
        fresh = multiprocessing.get_context("spawn")
        with Progress() as bar, ProcessPoolExecutor(workers, mp_context=fresh) as pool:
            task = bar.add_task(f"{self.name}: {name}", total=len(self.pieces))
            for found in pool.map(partial(_one, self, name), range(len(self.pieces)), chunksize=8):
                bar.advance(task)
                yield found

    def _others(self, index: int, rng: np.random.Generator, count: int) -> list[Samples]:
        others = [p for p in self.pieces if p.person != self.pieces[index].person]
        return [sound(others[int(rng.integers(len(others)))]) for _ in range(count)]


def split(lessons: Sequence[Piece], trials: Sequence[Piece]) -> None:
    """Make sure that nobody is in both.

    Raises:
        ValueError: somebody is; says who.
    """
    both = {piece.person for piece in lessons} & {piece.person for piece in trials}
    if both:
        raise ValueError(
            f"{', '.join(sorted(both)[:5])} would be learnt from and judged: give packs that "
            "share no person"
        )


def _one(material: Material, name: str, index: int) -> Maps:
    speech = levelled(generator(name)(sound(material.pieces[index])))
    noise = material.noise(index)
    return np.stack([maps(through(lane, speech, noise)) for lane in material.lanes(index)])
