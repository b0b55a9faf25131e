"""What windows are made by: something that hears, and something that sees."""

from __future__ import annotations

from typing import Protocol

from stream_verifier.media.types import AudioChunk, VideoFrame
from stream_verifier.windows.looks import Look
from stream_verifier.windows.types import SpeechWindow


class Ears(Protocol):
    """Cuts speech into windows, as `SpeechWindower` does."""

    @property
    def settled_s(self) -> float | None:
        """Media time up to which all windows have been given; None before the first sound."""
        ...

    def push(self, chunk: AudioChunk) -> list[SpeechWindow]:
        """Take the next sound and give the windows that it completes."""
        ...

    def flush(self) -> SpeechWindow | None:
        """Give what is left at the end."""
        ...

    def reset(self) -> None:
        """Forget all speech."""
        ...

    def skip(self) -> None:
        """Leave sound out for want of time; what follows is of the same speech."""
        ...

    def speech_between(self, start_s: float, end_s: float) -> float:
        """Seconds of speech in a stretch."""
        ...

    def soft_between(self, start_s: float, end_s: float) -> float:
        """Seconds of a voice too soft to count as speech in a stretch."""
        ...


class Eyes(Protocol):
    """Looks at frames, as `FaceWatcher` does."""

    def look(self, frame: VideoFrame) -> Look:
        """Look at the next frame."""
        ...

    def reset(self) -> None:
        """Follow nobody any more."""
        ...
