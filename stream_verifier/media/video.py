"""From decoded frames to the few small BGR pictures that scoring needs."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

from stream_verifier.media import orientation
from stream_verifier.media.sampler import FrameSampler
from stream_verifier.media.types import MediaGap, VideoFrame


class VideoPicker:
    """Picks the frames to score of one stream, and says where frames are missing.

    Only picked frames are converted, so that the others cost next to nothing.

    Args:
        rate_hz: pictures per second of media.
        max_side_px: longer side of a picture, at most.
        gap_s: a longer pause between two frames becomes a `MediaGap`.

    Attributes:
        pixel_aspect: width of a stored pixel by its height; tape and some cameras squeeze it.
    """

    def __init__(self, *, rate_hz: float = 2.0, max_side_px: int = 640, gap_s: float = 0.5) -> None:
        self._sampler = FrameSampler(rate_hz)
        self._max_side_px = max_side_px
        self._gap_s = gap_s
        self._last_s: float | None = None
        self.pixel_aspect = 1.0

    @property
    def last_s(self) -> float | None:
        """Media time of the newest frame, picked or not; None before the first."""
        return self._last_s

    def push(
        self,
        frame: av.VideoFrame,
        time_s: float,
        *,
        arrived_s: float | None = None,
        reason: str = "network",
    ) -> list[VideoFrame | MediaGap]:
        """Take the next frame; arguments as in `AudioNormaliser.push`."""
        items: list[VideoFrame | MediaGap] = []
        if self._last_s is not None and time_s - self._last_s > self._gap_s:
            items.append(MediaGap("video", self._last_s, time_s, reason))
        self._last_s = time_s if self._last_s is None else max(time_s, self._last_s)
        if self._sampler.wants(time_s):
            image = to_bgr(frame, max_side_px=self._max_side_px, pixel_aspect=self.pixel_aspect)
            items.append(VideoFrame(image, time_s, arrived_s))
        return items


def to_bgr(
    frame: av.VideoFrame, *, max_side_px: int = 640, pixel_aspect: float = 1.0
) -> NDArray[np.uint8]:
    """Scale a frame down, convert and turn it upright, in one pass of swscale.

    Args:
        frame: decoded, of any size and pixel format.
        max_side_px: the longer side is at most this; smaller frames keep their size.
        pixel_aspect: see `VideoPicker`.

    Returns:
        uint8, shape (height, width, 3), BGR, contiguous.
    """
    width, height = _fit(frame.width, frame.height, max_side_px, pixel_aspect)
    # One thread: the pictures are small, and swscale's own threads would outlive the call.
    scaled = frame.reformat(width, height, "bgr24", interpolation="AREA", threads=1)
    image = scaled.to_ndarray().astype(np.uint8, copy=False)
    # swscale pads rows; the copy also lets go of the frame.
    return orientation.of_frame(frame).apply(image)


def _fit(width: int, height: int, max_side_px: int, pixel_aspect: float) -> tuple[int, int]:
    """Size of the picture with square pixels: squeezed ones are widened, wide ones heightened."""
    wide, high = width * max(1.0, pixel_aspect), height * max(1.0, 1 / pixel_aspect)
    scale = min(1.0, max_side_px / max(wide, high))
    return max(1, round(wide * scale)), max(1, round(high * scale))
