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
    """

    def __init__(self, folder: Path, *, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._folder = folder
        self._scripts: dict[str, Script] = {}
        self._one_at_a_time = threading.Lock()

    def call(self, face: DemoPerson, voice: DemoPerson) -> Script:
        """One person's face with one person's voice."""
        name = f"{face.id}-{voice.id}"
        return self._made(name, lambda _: face, voice)

    def faces(self, name: str, who: Callable[[int], DemoPerson], voice: DemoPerson) -> Script:
        """A face by the number of the picture."""
        return self._made(name, who, voice)

    def path(self, face: DemoPerson, voice: DemoPerson) -> Path:
        """The file of a call."""
        self.call(face, voice)
        return self._folder / f"{face.id}-{voice.id}.webm"

    def _made(self, name: str, who: Callable[[int], DemoPerson], voice: DemoPerson) -> Script:
        with self._one_at_a_time:
            if name not in self._scripts:
                path = self._folder / f"{name}.webm"
                if not path.exists():
                    self._write(path, who, voice)
                self._scripts[name] = read_script(path)
            return self._scripts[name]

    def _write(self, path: Path, who: Callable[[int], DemoPerson], voice: DemoPerson) -> None:
        both = {
            person.id: portrait_frames(person, seconds=self.seconds, fps=FPS, size=SIZE)
            for person in DEMO_PEOPLE
        }

        def frames() -> Iterator[Picture]:
            pictures = zip(both[GRACE.id], both[EILEEN.id], strict=False)
            for number, pair in enumerate(pictures):
                yield pair[0 if who(number).id == GRACE.id else 1]

        samples = speech(voice, seconds=self.seconds)
        write_webm(path, frames(), samples, fps=FPS, size=SIZE, sample_rate_hz=SAMPLE_RATE_HZ)
