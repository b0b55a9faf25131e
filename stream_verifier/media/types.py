"""What every media source yields, live or from a file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A run of consecutive audio samples.

    Attributes:
        samples: int16, shape (n,), mono at 16 kHz.
        start_s: media time of the first sample, in seconds on the call's one clock.
        arrived_s: monotonic wall time at which the chunk reached this process, None for a file.
    """

    samples: NDArray[np.int16]
    start_s: float
    arrived_s: float | None = None

    @property
    def end_s(self) -> float:
        """Media time just past the last sample."""
        return self.start_s + len(self.samples) / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """One sampled picture.

    Attributes:
        image: uint8, shape (height, width, 3), BGR, scaled down to what scoring needs.
        time_s: media time in seconds, on the same clock as the call's audio.
        arrived_s: monotonic wall time at which the frame reached this process, None for a file.
    """

    image: NDArray[np.uint8]
    time_s: float
    arrived_s: float | None = None


@dataclass(frozen=True, slots=True)
class MediaGap:
    """Media that should have come and did not.

    Attributes:
        kind: "audio" or "video".
        start_s: media time at which it stopped.
        end_s: media time at which it came back.
        reason: "network" (lost or late), "overrun" (this process was too slow), "muted", or
            "reconnected" (another connection took over, from whoever holds the call's secret).
    """

    kind: str
    start_s: float
    end_s: float
    reason: str


MediaItem = AudioChunk | VideoFrame | MediaGap
