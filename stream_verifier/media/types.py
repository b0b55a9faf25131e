"""What every media source yields, live or from a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
OVERRUN = "overrun"
"""Reason of a gap in what came and there was no time to listen to."""
REFUSED = frozenset(
    {
        "frame_too_large",
        "frame_garbled",
        "frame_behind",
        "too_many_frames",
        "too_many_packets",
        "too_much_sound",
        "sound_garbled",
        "second_source",
        "too_many_scans",
    }
)
"""Reasons of gaps in what came and was not taken for what it is: others see and hear it."""


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A run of consecutive audio samples.

    Attributes:
        samples: int16, shape (n,), mono at 16 kHz.
        start_s: media time of the first sample, in seconds on the call's one clock.
        arrived_s: monotonic wall time at which the chunk reached this process, None for a file.
        asides: int16, shape (n, k): what else a listener may hear of the same moments, where
            channels differ (`channels.ChannelChooser`); None where they do not.
        lost_s: seconds of sound before it, or filled in, that were sent and did not come in time:
            others may have heard them.
        passed_over_s: seconds of sound that came up to it and is in no chunk, for its dates or its
            number: who goes by other rules has heard it, and something else not.
    """

    kind: ClassVar[str] = "audio"
    samples: NDArray[np.int16]
    start_s: float
    arrived_s: float | None = None
    asides: NDArray[np.int16] | None = None
    lost_s: float = 0.0
    passed_over_s: float = 0.0

    @property
    def end_s(self) -> float:
        """Media time just past the last sample."""
        return self.start_s + len(self.samples) / SAMPLE_RATE_HZ

    def shifted(self, by_s: float) -> Self:
        """The same, so much later in media time."""
        return replace(self, start_s=self.start_s + by_s)


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """One sampled picture.

    Attributes:
        image: uint8, shape (height, width, 3), BGR, scaled down to what scoring needs.
        time_s: media time in seconds, on the same clock as the call's audio.
        arrived_s: monotonic wall time at which the frame reached this process, None for a file.
        prompted: the picture did not go on as before, and no other frame can stand for it.
        burst: one of many in quick succession, which show motion; no window is made of it.
        spared: the worker is behind: the followed face may be sought near its last place.
        lost_s: seconds up to it, or to others since the last, in which pictures were sent that
            are not decoded: others may have seen them.
    """

    kind: ClassVar[str] = "video"
    image: NDArray[np.uint8]
    time_s: float
    arrived_s: float | None = None
    prompted: bool = False
    burst: bool = False
    spared: bool = False
    lost_s: float = 0.0

    @property
    def start_s(self) -> float:
        """Media time; a picture lasts no time."""
        return self.time_s

    @property
    def end_s(self) -> float:
        """Media time; a picture lasts no time."""
        return self.time_s

    def shifted(self, by_s: float) -> Self:
        """The same, so much later in media time."""
        return replace(self, time_s=self.time_s + by_s)


@dataclass(frozen=True, slots=True)
class MediaGap:
    """Media that should have come and did not.

    Attributes:
        kind: "audio" or "video".
        start_s: media time at which it stopped.
        end_s: media time at which it came back.
        reason: "network" (lost or late), "overrun" (this process was too slow), "muted",
            "reconnected" (another connection took over, from whoever holds the call's secret),
            "jump" (a recording's own time jumped: another one may begin), or why media that came
            was not taken, such as "frame_too_large".
    """

    kind: str
    start_s: float
    end_s: float
    reason: str

    def shifted(self, by_s: float) -> Self:
        """The same, so much later in media time."""
        return replace(self, start_s=self.start_s + by_s, end_s=self.end_s + by_s)


MediaItem = AudioChunk | VideoFrame | MediaGap
