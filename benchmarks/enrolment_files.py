"""How often recordings of one person are taken for one person's, and those of two are refused.

``python -m benchmarks.enrolment_files PACK [--seed 1]`` gives `Enrolment` the recordings that a
pack enrols each of its people with, a file each, as `stream-verifier enroll` does; then half of
them by turns with half of another's of the same source, drawn by chance or the likest of all.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from model.data.media import read_voice
from model.data.packs import Pack
from model.runtime.directions import mean_direction
from model.runtime.reference import VOICE_SIZE
from model.runtime.voice import VoiceTower
from model.runtime.weights import Weights
from model.types import FaceQuality, FaceSample, Vector, VoiceSample
from stream_verifier.identities.enrolment import Enrolment
from stream_verifier.identities.requirements import EnrolmentRequirements
from stream_verifier.media.types import SAMPLE_RATE_HZ
from stream_verifier.simulation.embedded_speech import TICK, HeardWindow, heard, listen, to_pcm
from stream_verifier.windows.settings import WindowSettings, speech_windower

PICTURE = FaceSample(np.eye(1, 128, dtype=np.float32)[0], FaceQuality(120, 300, 0, 0, 0.5, 0.2, 1))
"""The face is everybody's: it is the voices that are asked about."""
_PAUSE = 2 * SAMPLE_RATE_HZ

File = Sequence[HeardWindow]


@dataclass(frozen=True, slots=True)
class Person:
    """The recordings of one person, listened to; those that give no window are left out."""

    source: str
    files: Sequence[File]

    @property
    def mean(self) -> Vector:
        """Of all windows, shape (192,), unit length."""
        vectors = [window.sample.vector for window in chain.from_iterable(self.files)]
        return mean_direction(vectors, [1.0] * len(vectors), VOICE_SIZE)


def listened(pack: Pack, weights: Weights) -> list[Person]:
    """All people of a pack with two recordings or more in which there is speech enough."""
    tower = VoiceTower(weights)
    people = []
    for chimera in track(list(pack.chimeras.values()), "listening", console=Console(stderr=True)):
        files = [_windows(path, pack, tower) for path in chimera.voices]
        person = Person(chimera.voice_source, [file for file in files if file])
        if len(person.files) > 1:
            people.append(person)
    return people


def _windows(path: Path, pack: Pack, tower: VoiceTower) -> File:
    sound = to_pcm(read_voice(path, notes=pack.notes))
    # A pause ends the last window, in whole ticks.
    sound = np.pad(sound, (0, _PAUSE + -(len(sound) + _PAUSE) % TICK))
    return heard(listen(sound, speech_windower(WindowSettings()), tower.embed)).windows


def enrolled(files: Sequence[File]) -> list[VoiceSample] | None:
    """The speech that an enrolment takes; None where it says that it is not one person's.

    How much speech there is does not matter.
    """
    enrolment = Enrolment(replace(EnrolmentRequirements.from_files(), speech_s=0.1))
    for file in files:
        enrolment.begin_source()
        for window in file:
            enrolment.add(
                face=PICTURE,
                voice=window.sample,
                start_s=window.start_s,
                end_s=window.end_s,
                faces_seen=1,
            )
    return enrolment.voices if enrolment.progress().complete else None


def by_turns(one: Person, other: Person) -> list[File]:
    """As many recordings of each, by turns."""
    half = max(1, min(len(one.files), len(other.files)) // 2)
    return list(chain.from_iterable(zip(one.files[:half], other.files[:half], strict=True)))


def mixed(one: Person, other: Person) -> bool:
    """Whether a reference comes of both; if one is left out for a stray, it does not."""
    taken = {id(voice) for voice in enrolled(by_turns(one, other)) or ()}
    said = ({id(one.sample) for one in chain.from_iterable(who.files)} for who in (one, other))
    return all(taken & mine for mine in said)


def counted(people: Sequence[Person], rng: np.random.Generator) -> dict[str, int]:
    """Of people of one source: how many were accepted alone, and made one with another."""
    means = np.stack([person.mean for person in people])
    alike = means @ means.T
    np.fill_diagonal(alike, -np.inf)
    counts = dict.fromkeys(("alone", "drawn", "likest"), 0)
    for place, person in enumerate(people):
        drawn = int(rng.choice([other for other in range(len(people)) if other != place]))
        counts["alone"] += enrolled(person.files) is not None
        counts["drawn"] += mixed(person, people[drawn])
        counts["likest"] += mixed(person, people[int(alike[place].argmax())])
    return counts


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sources: dict[str, list[Person]] = defaultdict(list)
    for person in listened(Pack(options.pack), Weights.load()):
        sources[person.source].append(person)
    print("| voices of | one person, accepted | made one with a drawn other | with the likest |")
    print("|---|---|---|---|")
    for source, people in sorted(sources.items()):
        counts = counted(people, np.random.default_rng(options.seed))
        rows = [f"{counts[kind]} of {len(people)}" for kind in ("alone", "drawn", "likest")]
        print(f"| {source} | {' | '.join(rows)} |")


if __name__ == "__main__":
    main()
