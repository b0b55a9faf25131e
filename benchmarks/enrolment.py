"""How often an enrolment takes one person in, and refuses two.

``python -m benchmarks.enrolment PACK [--people 60]`` gives the pack's faces and voices to
`Enrolment` as a live call would: speech cut by the same windower, one picture a second, ended
as soon as it says that it is complete.
"""

from __future__ import annotations

import argparse
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.data.degrade import add_noise, coloured
from model.data.media import crop_face, join_voices, read_picture
from model.data.packs import Pack, Sample
from model.runtime.face import FaceTower
from model.runtime.quality import crop_quality
from model.runtime.voice import VoiceTower
from model.runtime.weights import Weights
from model.types import FaceQuality, FaceSample, VoiceSample
from stream_verifier.identities.enrolment import Enrolment, EnrolmentProgress
from stream_verifier.media.types import SAMPLE_RATE_HZ, AudioChunk
from stream_verifier.windows.speech import SpeechWindower
from stream_verifier.windows.types import SpeechWindow

MIN_PICTURES, MIN_VOICE_S, MAX_VOICE_S = 8, 12.0, 30.0
TURN_S = 4.0
FRONTAL_SIZE_PX = 100.0
Sound = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Person:
    """Pictures of one identity and speech of another, as one made-up person."""

    faces: tuple[FaceSample, ...]
    sound: Sound
    source: str


class Caller:
    """Plays people into enrolments."""

    def __init__(self, weights: Weights) -> None:
        """Load both towers."""
        self._face_tower, self._voice_tower = FaceTower(weights), VoiceTower(weights)

    def face(self, picture: Path) -> FaceSample:
        """Embed an aligned picture; its pose and size in a frame are not known."""
        crop = crop_face(read_picture(picture))
        sharpness, brightness, contrast = crop_quality(crop)
        quality = FaceQuality(FRONTAL_SIZE_PX, sharpness, 0.0, 0.0, brightness, contrast, 1.0)
        return FaceSample(self._face_tower.embed(crop[None])[0], quality)

    def voice(self, window: SpeechWindow) -> VoiceSample:
        """Embed a piece of speech."""
        return VoiceSample(self._voice_tower.embed(window.fbank), window.quality)

    def enrol(
        self, faces: Sequence[FaceSample], sound: Sound
    ) -> tuple[EnrolmentProgress, Enrolment]:
        """Enrol until complete, or until the sound ends; pictures come again and again."""
        enrolment = Enrolment()
        for face, window in zip(itertools.cycle(faces), _windows(sound)):
            enrolment.add(
                face=face,
                voice=self.voice(window),
                start_s=window.start_s,
                end_s=window.end_s,
                faces_seen=1,
            )
            if enrolment.progress().complete:
                break
        return enrolment.progress(), enrolment


def _windows(sound: Sound) -> Iterator[SpeechWindow]:
    windower = SpeechWindower()
    for start in range(0, len(sound), 320):
        chunk = AudioChunk(sound[start : start + 320], start / SAMPLE_RATE_HZ)
        yield from windower.push(chunk)


def _turns(one: Sound, other: Sound) -> Sound:
    """Two voices in turns of four seconds."""
    step = int(TURN_S * SAMPLE_RATE_HZ)
    pairs = zip(range(0, len(one), step), range(0, len(other), step), strict=False)
    return np.concatenate([part for a, b in pairs for part in (one[a : a + step],
                                                               other[b : b + step])])  # fmt: skip


def _noisy(sound: Sound, seed: int) -> Sound:
    speech = (sound / 32768).astype(np.float32)
    noise = coloured(len(speech), np.random.default_rng(seed)).astype(np.float32)
    return (add_noise(speech, noise, 10.0) * 32767).clip(-32768, 32767).astype(np.int16)


def _read_sound(paths: Sequence[Path]) -> Sound:
    sound = (join_voices(paths) * 32767).clip(-32768, 32767).astype(np.int16)
    return sound[: int(MAX_VOICE_S * SAMPLE_RATE_HZ)]


def _by_identity(samples: list[Sample]) -> dict[str, list[Sample]]:
    people: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        people[sample.identity].append(sample)
    return people


def cast(pack: Pack, caller: Caller, count: int, seed: int) -> list[Person]:
    """Put the first faces and voices of a shuffled pack together, voice sources by turns."""
    rng = random.Random(seed)
    faces = [p for p in _by_identity(pack.faces).values() if len(p) >= MIN_PICTURES]
    voices = [
        p for p in _by_identity(pack.voices).values() if sum(s.seconds for s in p) >= MIN_VOICE_S
    ]
    rng.shuffle(faces)
    rng.shuffle(voices)
    sources: dict[str, list[list[Sample]]] = defaultdict(list)
    for voice in voices:
        sources[voice[0].source].append(voice)
    turns = itertools.chain.from_iterable(itertools.zip_longest(*sources.values()))
    chosen = [voice for voice in turns if voice is not None]
    return [
        Person(
            tuple(caller.face(sample.path) for sample in face[:MIN_PICTURES]),
            _read_sound([sample.path for sample in voice]),
            voice[0].source,
        )
        for face, voice in zip(faces[:count], chosen[:count], strict=False)
    ]


def _another(people: list[Person], number: int) -> Person:
    """The next person with a voice of the same source, so that the channel tells nothing."""
    order = people[number + 1 :] + people[:number]
    return next(one for one in order if one.source == people[number].source)


def measure(people: list[Person], caller: Caller) -> dict[str, list[EnrolmentProgress]]:
    """Enrol each person alone, with a stray picture, and mixed with another."""
    results: dict[str, list[EnrolmentProgress]] = defaultdict(list)
    for number, person in enumerate(people):
        other = _another(people, number)
        mixed_faces = [
            face for pair in zip(person.faces, other.faces, strict=True) for face in pair
        ]
        stray = [person.faces[0], other.faces[0], *person.faces[1:]]
        for name, faces, sound in (
            ("one person", person.faces, person.sound),
            ("one stray picture", stray, person.sound),
            ("one person, 10 dB pink noise", person.faces, _noisy(person.sound, number)),
            ("two faces by turns", mixed_faces, person.sound),
            ("two voices by turns", person.faces, _turns(person.sound, other.sound)),
        ):
            results[name].append(caller.enrol(faces, sound)[0])
    return results


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    arguments = _arguments()
    caller = Caller(Weights.load())
    people = cast(Pack(arguments.pack), caller, arguments.people, arguments.seed)
    print(f"{len(people)} people\n")
    print("| enrolled | accepted | by voice source | faces, voices dropped | speech | hints |")
    print("|---|---|---|---|---|---|")
    sources = [person.source for person in people]
    for name, results in measure(people, caller).items():
        hints = Counter(hint for result in results for hint in result.missing)
        accepted = sum(result.complete for result in results)
        taken = Counter(source for source, r in zip(sources, results, strict=True) if r.complete)
        by_source = ", ".join(f"{taken[s]}/{n} {s}" for s, n in sorted(Counter(sources).items()))
        print(
            f"| {name} | {accepted} of {len(results)} | {by_source} "
            f"| {np.mean([r.faces_dropped for r in results]):.2f}, "
            f"{np.mean([r.voices_dropped for r in results]):.2f} "
            f"| {np.median([r.speech_s for r in results]):.1f} s "
            f"| {', '.join(f'{hint} {count}' for hint, count in hints.most_common())} |"
        )


if __name__ == "__main__":
    main()
