"""From decoded audio of any rate and layout to one gapless 16 kHz mono timeline."""

from __future__ import annotations

from collections import deque
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from stream_verifier.media.channels import ChannelChooser
from stream_verifier.media.types import SAMPLE_RATE_HZ, AudioChunk, MediaGap

_TOLERANCE_S = 0.01
"""Containers round times; differences below this are not holes."""
LIVE_FILL_S = 1.0
"""Longest hole that is filled in a call: no shorter than a gap that costs trust. After a gap
listening begins anew, and syllables between gaps that cost nothing would be heard by nobody."""
_MOST_LOST_S = 1.0
"""Of one hole: a longer one is told as a gap, and costs trust by itself."""
_FADE_SAMPLES = SAMPLE_RATE_HZ // 50


class AudioNormaliser:
    """Resamples frames of one stream, makes one channel of all and keeps their media time.

    Channels are resampled each by itself; a `ChannelChooser` makes one of them, which may hold
    back up to `channels.MAX_DELAY_S` where they differ. Chunks follow each other without a break
    as long as frames do. Short holes (lost packets, a sender that saves silence) are filled: 20 ms
    of fading echo, then silence. Long ones become a `MediaGap`, after which a new timeline starts.

    Args:
        fill_s: longest hole that is filled.
        from_zero: so is one between time 0 and the first frame, which some decoders leave.
    """

    def __init__(self, *, fill_s: float = 0.5, from_zero: bool = False) -> None:
        self._fill_s = fill_s
        self._from_zero = from_zero
        self._resampler: av.AudioResampler | None = None
        self._layout: tuple[int, str, str] | None = None
        self._start_s = 0.0
        self._made = self._given = 0
        self._due_s: float | None = None
        self._lost_s = self._passed_over_s = 0.0
        self._tail = np.zeros((0, 1), np.int16)
        self._chooser = ChannelChooser(1)
        self._arrivals: deque[tuple[int, float | None]] = deque()

    @property
    def due_s(self) -> float | None:
        """Media time at which the next frame is expected, None before the first."""
        return self._due_s

    @property
    def given_s(self) -> float | None:
        """Media time up to which all has been given, None before the first frame."""
        return None if self._due_s is None else self._start_s + self._given / SAMPLE_RATE_HZ

    def push(
        self,
        frame: av.AudioFrame,
        time_s: float,
        *,
        arrived_s: float | None = None,
        reason: str = "network",
        lost_s: float = 0.0,
        passed_over_s: float = 0.0,
    ) -> list[AudioChunk | MediaGap]:
        """Take the next frame.

        Args:
            frame: decoded, of any rate, layout and format.
            time_s: media time of its first sample.
            arrived_s: see `AudioChunk`.
            reason: why media is missing before this frame, if some is; see `MediaGap`.
            lost_s: so much of a hole before it, at most, was sent and did not get here in time.
            passed_over_s: so much came, hole or not, and is not heard.

        Returns:
            Chunks that are complete, and the gap if there was one. Nothing for a frame that
            lies in the past, which is passed over.
        """
        if self._due_s is None:
            self._begin(0.0 if self._from_zero and 0.0 < time_s <= self._fill_s else time_s)
        self._lost_s += min(lost_s, _MOST_LOST_S, max(0.0, time_s - (self._due_s or 0.0)))
        self._passed_over_s += passed_over_s
        items = self._close_hole(time_s, arrived_s, reason)
        duration_s = frame.samples / frame.sample_rate
        if time_s + duration_s <= (self._due_s or 0.0) - _TOLERANCE_S:
            self._passed_over_s += duration_s  # Others may have played this one.
            return items
        if self._layout != (key := (frame.sample_rate, frame.layout.name, frame.format.name)):
            items += self._drain(arrived_s)
            if self._layout is None or self._layout[1] != frame.layout.name:
                items += self._give(self._chooser.flush())
                self._begin_channels(frame.layout.nb_channels)
            self._layout = key
        items += self._emit(self._resample(frame), arrived_s)
        self._due_s = (self._due_s or 0.0) + duration_s
        return items

    def flush(self) -> list[AudioChunk | MediaGap]:
        """Return what is still held back, at the end of the stream."""
        return [*self._drain(None), *self._give(self._chooser.flush())]

    def _begin(self, time_s: float) -> None:
        self._start_s = self._due_s = time_s
        self._made = self._given = 0
        self._arrivals.clear()
        self._tail = self._tail[:0]

    def _begin_channels(self, count: int) -> None:
        self._chooser = ChannelChooser(count)
        self._tail = np.zeros((0, count), np.int16)

    def _close_hole(
        self, time_s: float, arrived_s: float | None, reason: str
    ) -> list[AudioChunk | MediaGap]:
        if self._due_s is None or (hole_s := time_s - self._due_s) <= _TOLERANCE_S:
            return []
        items = self._drain(arrived_s)
        if hole_s > self._fill_s:
            items += self._give(self._chooser.flush())
            items.append(MediaGap("audio", self._due_s, time_s, reason))
            self._begin(time_s)
        else:
            missing = round((time_s - self._start_s) * SAMPLE_RATE_HZ) - self._made
            items += self._emit(_echo(self._tail, missing), arrived_s)
            self._due_s = time_s
        return items

    def _resample(self, frame: av.AudioFrame | None) -> NDArray[np.int16]:
        """Resample each channel by itself: shape (n, channels)."""
        if self._resampler is None and frame is not None:
            # Packed: PyAV reads no more than eight planes.
            self._resampler = av.AudioResampler("s16", frame.layout, SAMPLE_RATE_HZ)
        channels = self._tail.shape[1]
        if self._resampler is None:
            return np.zeros((0, channels), np.int16)
        if frame is not None:
            frame.pts = None  # Time is kept here; the resampler must not fill or cut by it.
        made = [part for part in self._resampler.resample(frame) if part is not None]
        parts = [_samples(part, channels) for part in made]
        if len(parts) == 1:  # of nearly every packet
            return parts[0]
        return np.concatenate(parts) if parts else np.zeros((0, channels), np.int16)

    def _drain(self, arrived_s: float | None) -> list[AudioChunk | MediaGap]:
        rest = self._resample(None)
        self._resampler = None
        return self._emit(rest, arrived_s)

    def _emit(
        self, samples: NDArray[np.int16], arrived_s: float | None
    ) -> list[AudioChunk | MediaGap]:
        if not len(samples):
            return []
        self._made += len(samples)
        self._arrivals.append((self._made, arrived_s))
        self._tail = samples[-_FADE_SAMPLES:]
        return self._give(self._chooser.push(samples))

    def _give(self, samples: NDArray[np.int16]) -> list[AudioChunk | MediaGap]:
        """Date what the chooser gives: it may have arrived a while ago."""
        if not len(samples):
            return []
        start_s = self._start_s + self._given / SAMPLE_RATE_HZ
        self._given += len(samples)
        while self._arrivals[0][0] < self._given:
            self._arrivals.popleft()
        asides = samples[:, 1:] if samples.shape[1] > 1 else None
        lost_s, passed_over_s = self._lost_s, self._passed_over_s
        self._lost_s = self._passed_over_s = 0.0
        arrived_s = self._arrivals[0][1]
        return [AudioChunk(samples[:, 0], start_s, arrived_s, asides, lost_s, passed_over_s)]


def _samples(frame: av.AudioFrame, channels: int) -> NDArray[np.int16]:
    """What a packed frame holds, uncopied, shape (n, channels)."""
    plane: Any = frame.planes[0]
    flat: NDArray[np.int16] = np.frombuffer(plane, np.int16, count=frame.samples * channels)
    return flat.reshape(-1, channels)


def _echo(tail: NDArray[np.int16], count: int) -> NDArray[np.int16]:
    """Make ``count`` samples that lead on from ``tail``: it mirrored, faded to silence."""
    filled = np.zeros((max(0, count), tail.shape[1]), np.int16)
    length = min(len(filled), len(tail))
    if length:
        fade = np.linspace(1.0, 0.0, length, endpoint=False)[:, None]
        filled[:length] = (tail[::-1][:length] * fade).astype(np.int16)
    return filled
