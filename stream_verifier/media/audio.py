"""From decoded audio of any rate and layout to one gapless 16 kHz mono timeline."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

from stream_verifier.media.types import SAMPLE_RATE_HZ, AudioChunk, MediaGap

_TOLERANCE_S = 0.01
"""Containers round times; differences below this are not holes."""
_FADE_SAMPLES = SAMPLE_RATE_HZ // 50


class AudioNormaliser:
    """Resamples frames of one stream and keeps their media time.

    Chunks follow each other without a break as long as frames do. Short holes (lost packets, a
    sender that saves silence) are filled: 20 ms of fading echo, then silence. Long ones become
    a `MediaGap`, after which a new timeline starts.

    Args:
        fill_s: longest hole that is filled.
    """

    def __init__(self, *, fill_s: float = 0.5) -> None:
        self._fill_s = fill_s
        self._resampler: av.AudioResampler | None = None
        self._layout: tuple[int, str, str] | None = None
        self._start_s = 0.0
        self._made = 0
        self._due_s: float | None = None
        self._tail = np.zeros(0, np.int16)

    @property
    def due_s(self) -> float | None:
        """Media time at which the next frame is expected, None before the first."""
        return self._due_s

    def push(
        self,
        frame: av.AudioFrame,
        time_s: float,
        *,
        arrived_s: float | None = None,
        reason: str = "network",
    ) -> list[AudioChunk | MediaGap]:
        """Take the next frame.

        Args:
            frame: decoded, of any rate, layout and format.
            time_s: media time of its first sample.
            arrived_s: see `AudioChunk`.
            reason: why media is missing before this frame, if some is; see `MediaGap`.

        Returns:
            Chunks that are complete, and the gap if there was one. Nothing for a frame that
            lies in the past.
        """
        items = self._close_hole(time_s, arrived_s, reason)
        if self._due_s is None:
            self._begin(time_s)
        duration_s = frame.samples / frame.sample_rate
        if time_s + duration_s <= (self._due_s or 0.0) - _TOLERANCE_S:
            return items
        if self._layout != (key := (frame.sample_rate, frame.layout.name, frame.format.name)):
            items += self._drain(arrived_s)
            self._layout = key
        items += self._emit(self._resample(frame), arrived_s)
        self._due_s = (self._due_s or 0.0) + duration_s
        return items

    def flush(self) -> list[AudioChunk | MediaGap]:
        """Return what the resampler still holds, at the end of the stream."""
        return self._drain(None)

    def _begin(self, time_s: float) -> None:
        self._start_s = self._due_s = time_s
        self._made = 0
        self._tail = self._tail[:0]

    def _close_hole(
        self, time_s: float, arrived_s: float | None, reason: str
    ) -> list[AudioChunk | MediaGap]:
        if self._due_s is None or (hole_s := time_s - self._due_s) <= _TOLERANCE_S:
            return []
        items = self._drain(arrived_s)
        if hole_s > self._fill_s:
            items.append(MediaGap("audio", self._due_s, time_s, reason))
            self._begin(time_s)
        else:
            missing = round((time_s - self._start_s) * SAMPLE_RATE_HZ) - self._made
            items += self._emit(_echo(self._tail, missing), arrived_s)
            self._due_s = time_s
        return items

    def _resample(self, frame: av.AudioFrame | None) -> NDArray[np.int16]:
        if self._resampler is None:
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
        if frame is not None:
            frame.pts = None  # Time is kept here; the resampler must not fill or cut by it.
        made = [part for part in self._resampler.resample(frame) if part is not None]
        parts = [part.to_ndarray().reshape(-1) for part in made]
        return np.concatenate(parts) if parts else np.zeros(0, np.int16)

    def _drain(self, arrived_s: float | None) -> list[AudioChunk | MediaGap]:
        if self._resampler is None:
            return []
        rest = self._resample(None)
        self._resampler = None
        return self._emit(rest, arrived_s)

    def _emit(
        self, samples: NDArray[np.int16], arrived_s: float | None
    ) -> list[AudioChunk | MediaGap]:
        if not len(samples):
            return []
        start_s = self._start_s + self._made / SAMPLE_RATE_HZ
        self._made += len(samples)
        self._tail = samples[-_FADE_SAMPLES:]
        return [AudioChunk(samples, start_s, arrived_s)]


def _echo(tail: NDArray[np.int16], count: int) -> NDArray[np.int16]:
    """Make ``count`` samples that lead on from ``tail``: it mirrored, faded to silence."""
    filled = np.zeros(max(0, count), np.int16)
    length = min(len(filled), len(tail))
    if length:
        fade = np.linspace(1.0, 0.0, length, endpoint=False)
        filled[:length] = (tail[::-1][:length] * fade).astype(np.int16)
    return filled
