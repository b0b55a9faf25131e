"""The calls that are played: of a made-up person throughout, or until another takes over."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames, speech
from stream_verifier.demo.recorded_call import SIZE, write_call
from stream_verifier.media.encode import write_webm
from stream_verifier.media.types import SAMPLE_RATE_HZ

OWN, OTHER = DEMO_PEOPLE
_SWAPS = 3
_SWAP_BETWEEN = (0.45, 0.7)
"""Of a call's length: late enough to be verified, early enough to be noticed."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A recorded call.

    Attributes:
        path: WebM of VP8 and Opus.
        swap_s: when another person takes over; None: nobody does.
    """

    path: Path
    swap_s: float | None = None


def write_clips(folder: Path, *, seconds: float, fps: int, seed: int) -> tuple[Clip, list[Clip]]:
    """Write a genuine call, and some with a swap of face and voice at a random time."""
    own = folder / "own.webm"
    write_call(own, face=OWN, voice=OWN, seconds=seconds, fps=fps)
    chance = random.Random(seed)
    swapped = []
    for number in range(_SWAPS):
        swap_s = round(chance.uniform(*_SWAP_BETWEEN) * seconds, 1)
        path = folder / f"swap-{number}.webm"
        _write_swap(path, seconds=seconds, swap_s=swap_s, fps=fps)
        swapped.append(Clip(path, swap_s))
    return Clip(own), swapped


def _write_swap(path: Path, *, seconds: float, swap_s: float, fps: int) -> None:
    parts = ((OWN, swap_s), (OTHER, seconds - swap_s))
    frames = itertools.chain.from_iterable(
        portrait_frames(who, seconds=length_s, fps=fps, size=SIZE) for who, length_s in parts
    )
    sound = np.concatenate([speech(who, seconds=length_s) for who, length_s in parts])
    write_webm(path, frames, sound, fps=fps, size=SIZE, sample_rate_hz=SAMPLE_RATE_HZ)
