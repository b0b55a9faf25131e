"""What attackers play: calls of the two demo people, each encoded once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.attacks.sending import Script, read_script
from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames, speech
from stream_verifier.media.encode import write_webm
from stream_verifier.media.types import SAMPLE_RATE_HZ

GRACE, EILEEN = DEMO_PEOPLE
FPS, SIZE = 15, (640, 480)
SECONDS = 40.0

Picture = NDArray[np.uint8]


class Clips:
    """Makes clips when they are asked for first.

    Args:
        folder: where they go.
        seconds: of each.
        size: width and height of the pictures in pixels.
    """

    def __init__(
        self, folder: Path, *, seconds: float = SECONDS, size: tuple[int, int] = SIZE
    ) -> None:
        self.seconds = seconds
        self._size = size
        self._folder = folder
        self._scripts: dict[str, Script] = {}
        self._one_at_a_time = threading.Lock()

    def call(self, face: DemoPerson, voice: DemoPerson) -> Script:
        """One person's face with one person's voice."""
        return self._made(f"{face.id}-{voice.id}", self._frames(face), voice)

    def faces(self, name: str, who: Callable[[int], DemoPerson], voice: DemoPerson) -> Script:
        """A face by the number of the picture."""
        pairs = enumerate(zip(self._frames(GRACE), self._frames(EILEEN), strict=True))
        chosen = (pair[0 if who(number) is GRACE else 1] for number, pair in pairs)
        return self._made(name, chosen, voice)

    def path(self, face: DemoPerson, voice: DemoPerson) -> Path:
        """The file of a call."""
        self.call(face, voice)
        return self._folder / f"{face.id}-{voice.id}-{self.seconds:g}.webm"

    def _frames(self, face: DemoPerson) -> Iterator[Picture]:
        return portrait_frames(face, seconds=self.seconds, fps=FPS, size=self._size)

    def _made(self, name: str, frames: Iterator[Picture], voice: DemoPerson) -> Script:
        with self._one_at_a_time:
            if name not in self._scripts:
                path = self._folder / f"{name}-{self.seconds:g}.webm"
                if not path.exists():
                    self._write(path, frames, voice)
                self._scripts[name] = read_script(path)
            return self._scripts[name]

    def _write(self, path: Path, frames: Iterator[Picture], voice: DemoPerson) -> None:
        samples = speech(voice, seconds=self.seconds)
        part = path.with_suffix(".part")  # no half of a clip is taken for a whole one
        write_webm(part, frames, samples, fps=FPS, size=self._size, sample_rate_hz=SAMPLE_RATE_HZ)
        part.replace(path)
