"""The calls that are played: of one person throughout, or until another takes over."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.presence.attacks import Show, drawn, to_enrol
from benchmarks.presence.material import RATE_HZ, Person, people, unpacked
from model.runtime.detect import FaceDetector
from model.runtime.weights import Weights
from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames, speech
from stream_verifier.demo.recorded_call import SIZE, write_call
from stream_verifier.media.encode import write_webm
from stream_verifier.media.types import SAMPLE_RATE_HZ

OWN, OTHER = DEMO_PEOPLE
_SWAPS = 3
_SWAP_BETWEEN = (0.45, 0.7)
"""Of a call's length: late enough to be verified, early enough to be noticed."""
_MOST_CLIPS = 40


@dataclass(frozen=True, slots=True)
class Clip:
    """A recorded call.

    Attributes:
        path: WebM of VP8 and Opus.
        swap_s: when another person takes over; None: nobody does.
    """

    path: Path
    swap_s: float | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """All that is played.

    Attributes:
        enrol: what the person enrols with.
        own: a genuine call.
        swapped: calls in which another person takes over, face and voice, each at another time.
        fps: pictures a second of each.
        who: says whose calls these are.
    """

    enrol: Path
    own: Clip
    swapped: tuple[Clip, ...]
    fps: int
    who: str

    def cast(self, calls: int, *, one_in: int) -> list[Clip]:
        """A clip a call, of which one in so many swaps."""
        return [
            self.swapped[number // one_in % len(self.swapped)]
            if number % one_in == one_in - 1
            else self.own
            for number in range(calls)
        ]


def made_up_call(folder: Path, *, seconds: float, fps: int) -> Path:
    """Write the genuine call of a portrait that moves as a head does, but for its mouth."""
    own = folder / "own.webm"
    write_call(own, face=OWN, voice=OWN, seconds=seconds, fps=fps)
    return own


def made_up(folder: Path, *, seconds: float, fps: int, seed: int) -> Material:
    """Write that call, and such in which another portrait takes over."""
    own = made_up_call(folder, seconds=seconds, fps=fps)
    swapped: list[Clip] = []
    for swap_s in _swap_times(seconds, seed):
        parts = ((OWN, swap_s), (OTHER, seconds - swap_s))
        frames = itertools.chain.from_iterable(
            portrait_frames(who, seconds=length_s, fps=fps, size=SIZE) for who, length_s in parts
        )
        sound = np.concatenate([speech(who, seconds=length_s) for who, length_s in parts])
        path = folder / f"swap-{len(swapped)}.webm"
        write_webm(path, frames, sound, fps=fps, size=SIZE, sample_rate_hz=SAMPLE_RATE_HZ)
        swapped.append(Clip(path, swap_s))
    return Material(own, Clip(own), tuple(swapped), fps, "a made-up person whose lips do not move")


def of_talkers(folder: Path, pack: Path, *, seconds: float, seed: int) -> Material:
    """Write calls of the person of a pack of whom most was filmed talking, 25 pictures a second.

    Raises:
        PackError: the pack lists no talking clips.
    """
    detector = FaceDetector(Weights.load().path("face_detector"))
    own, other = sorted(people(pack, detector, most_clips=_MOST_CLIPS), key=_filmed)[:-3:-1]
    rng = np.random.default_rng(seed)
    enrol = _written(folder / "enrol.webm", to_enrol(own.enrol))
    genuine = _written(folder / "own.webm", drawn(own.call, seconds, rng, again=True))
    swapped: list[Clip] = []
    for swap_s in _swap_times(seconds, seed):
        shows = (
            drawn(own.call, swap_s, rng, again=True),
            drawn(other.call, seconds - swap_s, rng, again=True),
        )
        path = _written(folder / f"swap-{len(swapped)}.webm", *shows)
        swapped.append(Clip(path, shows[0].seconds))
    return Material(enrol, Clip(genuine), tuple(swapped), RATE_HZ, "a real person who talks")


def _swap_times(seconds: float, seed: int) -> list[float]:
    chance = random.Random(seed)
    return [round(chance.uniform(*_SWAP_BETWEEN) * seconds, 1) for _ in range(_SWAPS)]


def _filmed(person: Person) -> int:
    return sum(len(clip.pictures) for clip in person.call)


def _written(path: Path, *shows: Show) -> Path:
    frames = (unpacked(picture) for show in shows for picture in show.pictures)
    sound = np.concatenate([show.sound for show in shows])
    write_webm(path, frames, sound, fps=RATE_HZ, size=SIZE, sample_rate_hz=SAMPLE_RATE_HZ)
    return path
