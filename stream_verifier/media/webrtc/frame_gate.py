"""Which encoded pictures a decoder gets to see: of a size and number that were agreed to."""

from __future__ import annotations

from collections import deque

from stream_verifier.media.limits import Budget, MediaLimits
from stream_verifier.media.webrtc.frame_size import check_shown, frame_sizes

TOO_LARGE = "frame_too_large"
TOO_MANY = "too_many_frames"
GARBLED = "frame_garbled"
_BURST_S = 3.0
_REMEMBERED = 32
"""Announcements: as many parameter sets as an H.264 decoder keeps."""


class FrameGate:
    """Looks at each encoded picture of one stream before it is decoded.

    Args:
        limits: size, number and pixels a second.
    """

    def __init__(self, limits: MediaLimits) -> None:
        self._limits = limits
        self._frames = Budget(limits.frames_per_s, burst_s=_BURST_S)
        self._pixels = Budget(limits.pixels_per_s, burst_s=_BURST_S)
        self._sizes: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)
        """Widest and highest that the last announcements named: a decoder goes back to those."""

    def refusal(self, codec: str, data: bytes, now_s: float) -> str | None:
        """Why a picture is not decoded; None if it is.

        Args:
            codec: "VP8" or "H264".
            data: the encoded picture, complete from its first byte.
            now_s: monotonic.
        """
        try:
            sizes = frame_sizes(codec, data)
            check_shown(codec, data)
        except ValueError:
            return GARBLED
        if not all(self._limits.fits(*size) for size in sizes):
            return TOO_LARGE
        if sizes:
            self._sizes.append((max(w for w, _ in sizes), max(h for _, h in sizes)))
        largest = max((w * h for w, h in self._sizes), default=0)
        pixels = min(self._limits.frame_pixels, largest)
        if self._frames.take(1, now_s) and self._pixels.take(pixels, now_s):
            return None
        return TOO_MANY

    def announced(self, width: int, height: int) -> bool:
        """Whether a decoded picture is no larger than its stream said and the limits have it."""
        said = any(width <= size[0] and height <= size[1] for size in self._sizes)
        return said and self._limits.fits(width, height)
