"""What attackers play: calls of the two demo people, each encoded once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.attacks.sending import Script, Sent, read_script
from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames, speech
from stream_verifier.media.encode import write_webm
from stream_verifier.media.types import SAMPLE_RATE_HZ

GRACE, EILEEN = DEMO_PEOPLE
FPS, SIZE = 15, (640, 480)
SECONDS = 40.0
_STEREO_BIT_RATE = 96_000

_PACKET_S = 0.02

Picture = NDArray[np.uint8]
Sound = NDArray[np.float64]


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

    def speech(self, person: DemoPerson) -> Sound:
        """What a call of that voice says, float64, shape (n,), int16's range."""
        return speech(person, seconds=self.seconds).astype(np.float64)

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


def encode_sound(sound: Sound) -> Script:
    """Opus packets of 20 ms of two channels.

    Args:
        sound: shape (n, 2), at 16 kHz, int16's range.
    """
    context = av.CodecContext.create("libopus", "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout, context.format = SAMPLE_RATE_HZ, "stereo", "s16"
    context.bit_rate = _STEREO_BIT_RATE
    samples = np.clip(np.rint(sound), -32768, 32767).astype(np.int16)
    packets: list[bytes] = []
    step = round(_PACKET_S * SAMPLE_RATE_HZ)
    for start in range(0, len(samples) - step + 1, step):
        block = np.ascontiguousarray(samples[start : start + step]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout="stereo")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, start
        packets += [bytes(packet) for packet in context.encode(frame)]
    return [
        Sent("audio", number * _PACKET_S, number * _PACKET_S, packet)
        for number, packet in enumerate(packets)
    ]
