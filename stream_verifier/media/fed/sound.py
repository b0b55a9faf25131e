"""From pieces of PCM, as their sender dates them, to one timeline without holes or overlaps."""

from __future__ import annotations

import av
import numpy as np

from stream_verifier.media.audio import AudioNormaliser
from stream_verifier.media.types import AudioChunk, MediaGap

_FILL_S = 5.0
"""Longest hole that is taken for silence."""
_SLACK_S = 0.1
"""Senders date by a clock of milliseconds, or by when they got it: no hole, and no overlap."""


class SoundLine:
    """Puts sound where it belongs: what was there already is cut off, short holes are silence.

    Over a WebSocket nothing is lost on the way, so a hole is what the sender left out: many leave
    out what is silent. Longer holes than 5 s are a `MediaGap`.

    Args:
        rate_hz: samples a second.
    """

    def __init__(self, *, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._line = AudioNormaliser(fill_s=_FILL_S)

    @property
    def due_s(self) -> float | None:
        """Media time at which the next sound is expected, None before the first."""
        return self._line.due_s

    def push(
        self, pcm: bytes, time_s: float, *, arrived_s: float, floor_s: float, reason: str
    ) -> tuple[list[AudioChunk | MediaGap], bool]:
        """Take the next piece.

        Args:
            pcm: int16 little-endian, mono.
            time_s: media time of its first sample.
            arrived_s: monotonic.
            floor_s: no sound lies before this media time.
            reason: why sound is missing before it, if some is.

        Returns:
            What it comes to, and whether it was all taken: no part of it was there before.
        """
        samples = np.frombuffer(pcm, "<i2").astype(np.int16, copy=False)
        due_s = floor_s if self._line.due_s is None else self._line.due_s
        if self._line.due_s is not None and abs(time_s - due_s) <= _SLACK_S:
            time_s = due_s
        missing = max(0, round((due_s - time_s) * self._rate_hz))
        if missing:
            samples, time_s = samples[missing:], due_s
        if not len(samples):
            return [], False
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = self._rate_hz
        return self._line.push(frame, time_s, arrived_s=arrived_s, reason=reason), not missing
