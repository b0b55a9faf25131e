"""What one side of a demo call sends, as a file."""

from __future__ import annotations

from pathlib import Path

from stream_verifier.demo.people import DemoPerson, portrait_frames, speech
from stream_verifier.media.encode import write_webm
from stream_verifier.media.types import SAMPLE_RATE_HZ

SIZE = (640, 480)


def write_call(
    path: str | Path,
    *,
    face: DemoPerson,
    voice: DemoPerson,
    seconds: float,
    fps: int = 15,
    size: tuple[int, int] = SIZE,
    seed: int = 0,
) -> None:
    """Write a call with one person's face and one person's voice, the same or another.

    Args:
        path: a .webm file to make, in a directory that the caller clears away.
        face: who is seen.
        voice: who is heard.
        seconds: how long.
        fps: pictures a second.
        size: width and height of the pictures in pixels.
        seed: of movement and words; another one gives another call of the same people.

    Raises:
        MissingExtraError: the packages of the extra ``demo`` are not installed.
        OSError: it cannot be written.
    """
    frames = portrait_frames(face, seconds=seconds, fps=fps, size=size, seed=seed)
    samples = speech(voice, seconds=seconds, seed=seed)
    write_webm(Path(path), frames, samples, fps=fps, size=size, sample_rate_hz=SAMPLE_RATE_HZ)
