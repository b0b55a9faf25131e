"""Where the workers' processor time goes: counted by stage, around what does the work."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from stream_verifier.media.types import AudioChunk, MediaItem, VideoFrame
from stream_verifier.verify.channels.channel import EvidenceChannel, Reading, Readings
from stream_verifier.windows.looks import Look
from stream_verifier.windows.senses import Ears, Eyes
from stream_verifier.windows.types import SpeechWindow, Window

STAGES = ("speech", "look", "face", "voice", "presence")
"""Speech is found and made features of, pictures are searched, both are embedded, and it is asked
whether somebody is there."""


class StageTimes:
    """Seconds and times of each stage, of all threads.

    Args:
        clock: of the calling thread's processor time.
    """

    def __init__(self, *, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self.times = dict.fromkeys(STAGES, 0)

    @contextlib.contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Count what is done meanwhile."""
        began_s = self._clock()
        try:
            yield
        finally:
            spent_s = self._clock() - began_s
            with self._lock:
                self.seconds[stage] += spent_s
                self.times[stage] += 1


class TimedEars:
    """Ears whose time is counted."""

    def __init__(self, ears: Ears, stages: StageTimes) -> None:
        self._ears = ears
        self._stages = stages
        self.flush = ears.flush
        self.reset = ears.reset
        self.skip = ears.skip
        self.speech_between = ears.speech_between
        self.soft_between = ears.soft_between

    @property
    def settled_s(self) -> float | None:
        """Media time up to which all windows have been given."""
        return self._ears.settled_s

    def push(self, chunk: AudioChunk) -> list[SpeechWindow]:
        """Take the next sound and give the windows that it completes."""
        with self._stages.timed("speech"):
            return self._ears.push(chunk)


class TimedEyes:
    """Eyes whose time is counted."""

    def __init__(self, eyes: Eyes, stages: StageTimes) -> None:
        self._eyes = eyes
        self._stages = stages
        self.reset = eyes.reset

    def look(self, frame: VideoFrame) -> Look:
        """Look at the next frame."""
        with self._stages.timed("look"):
            return self._eyes.look(frame)


class TimedChannel:
    """An evidence channel whose time is counted as one stage."""

    def __init__(self, channel: EvidenceChannel, stages: StageTimes, stage: str) -> None:
        self._channel = channel
        self._stages = stages
        self._stage = stage
        self.names = channel.names
        self.forget = channel.forget

    def take(self, item: MediaItem) -> None:
        """Take any media in."""
        with self._stages.timed(self._stage):
            self._channel.take(item)

    def sense(self, window: Window) -> tuple[Reading, ...]:
        """Say what is there to be scored."""
        return self._channel.sense(window)

    def read(self, window: Window, *, wanted: frozenset[str], busy: bool = False) -> Readings:
        """Score a window."""
        with self._stages.timed(self._stage):
            return self._channel.read(window, wanted=wanted, busy=busy)
