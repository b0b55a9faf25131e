"""From decoded frames to the few small BGR pictures that scoring needs."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import av
import numpy as np
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from stream_verifier.media.burst import BurstWish
from stream_verifier.media.continuity import Continuity, LookBudget
from stream_verifier.media.orientation import UPRIGHT, Orientation, of_frame
from stream_verifier.media.sampler import FrameSampler
from stream_verifier.media.types import MediaGap, VideoFrame

_KNOWN_MATRICES = frozenset({0, 1, 2, 4, 5, 6, 7, 9})
"""Matrix coefficients (ITU-T H.273) that swscale converts; of others it takes nothing."""
_SLOW_S = 0.25
"""A picture that was on display for longer is looked at beside the next one, not in its place."""
_MOST_LOST_S = 1.0
"""Of one hole: a longer one costs trust by itself."""
_LEAST_PACE = 0.5
"""Of arrivals, at which moments to look are drawn where dates say less."""
_RESERVED_MATRIX = 3
"""Says nothing about colours; players take it for one that was not specified."""


@dataclass(frozen=True, slots=True)
class _Shown:
    frame: av.VideoFrame
    time_s: float
    arrived_s: float | None
    lies: Orientation


class VideoPicker:
    """Picks the frames to score of one stream, and says where frames are missing.

    Only picked frames are converted, so that the others cost next to nothing. With a source of
    chance, as live, the regular ones are those on display at moments drawn at random, so that none
    is looked at less than it is seen, and frames that do not go on as those before are picked
    beside them, within a budget.

    Args:
        rate_hz: pictures per second of media.
        max_side_px: longer side of a picture, at most.
        gap_s: a longer pause between two frames becomes a `MediaGap`.
        chance: for who sends what is looked at and would like to know when; None for a file, whose
            frames are picked on a grid and nothing else.
        burst: for who wants to see motion now and then.
        sparing: whether there is no time for more looks than need be.
        as_coded: pictures lie as they are coded or as `push` is told, whatever their codec says:
            browsers turn what comes by WebRTC by its packets alone, and show nobody else.

    Attributes:
        pixel_aspect: width of a stored pixel by its height; tape and some cameras squeeze it.
    """

    def __init__(
        self,
        *,
        rate_hz: float = 2.0,
        max_side_px: int = 640,
        gap_s: float = 0.5,
        chance: random.Random | None = None,
        burst: BurstWish | None = None,
        sparing: Callable[[], bool] = lambda: False,
        as_coded: bool = False,
    ) -> None:
        self._sampler = FrameSampler(rate_hz, chance)
        self._continuity = None if chance is None else Continuity()
        self._budget = None if chance is None else LookBudget(chance)
        self._burst = burst or BurstWish()
        self._sparing = sparing
        self._as_coded = as_coded
        self._max_side_px = max_side_px
        self._gap_s = gap_s
        self._last_s: float | None = None
        self._unseen: _Shown | None = None
        self._lost_s = 0.0
        self._pace: tuple[float, float] | None = None
        self._drawn_s: float | None = None
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
        anew: bool = False,
        missed: bool = False,
        lies: Orientation = UPRIGHT,
    ) -> list[VideoFrame | MediaGap]:
        """Take the next frame; arguments as in `AudioNormaliser.push`.

        Args:
            frame: decoded.
            time_s: its media time.
            arrived_s: monotonic; None from a file.
            reason: of a pause before it.
            anew: its coding refers to no frame before it.
            missed: frames right before it were sent and are not decoded.
            lies: how it has to be turned, where codecs are not asked (``as_coded``).
        """
        items: list[VideoFrame | MediaGap] = []
        shown_s = 0.0 if self._last_s is None else max(0.0, time_s - self._last_s)
        if shown_s > self._gap_s:
            items.append(MediaGap("video", time_s - shown_s, time_s, reason))
        if shown_s > max(self._gap_s, _MOST_LOST_S):
            self._unseen = None
        if missed:
            self._lost_s += min(shown_s, _MOST_LOST_S)
        self._last_s = time_s if self._last_s is None else max(time_s, self._last_s)
        now, (before, self._unseen) = _Shown(frame, time_s, arrived_s, lies), (self._unseen, None)
        sparing = self._sparing()
        wanted = self._sampler.wants(self._seen_s(time_s, arrived_s), sparing=sparing)
        if wanted and before is not None and self._continuity is not None:
            wanted = shown_s > _SLOW_S
            if wanted:  # It was there until now, and is no staler than what comes after it.
                before = replace(before, arrived_s=arrived_s)
            items.append(self._look(before, prompted=wanted, spared=sparing))
            self._continuity.looked()
        prompted = self._prompted(frame, anew=anew, wanted=wanted, arrived_s=arrived_s)
        burst = self._burst.grants(time_s) and not (wanted or prompted)
        if wanted or prompted or burst:
            items.append(self._look(now, prompted=prompted, burst=burst, spared=sparing))
        if self._continuity is not None and not (wanted or prompted):
            self._unseen = now
        return items

    def _seen_s(self, time_s: float, arrived_s: float | None) -> float:
        """What moments to look are drawn by: dates, unless live ones hardly move while others see.

        Of arrivals half the pace counts, since they are uneven of themselves.
        """
        if self._continuity is None or arrived_s is None:
            return time_s
        before_s, before_arrived_s = self._pace or (time_s, arrived_s)
        self._pace = time_s, arrived_s
        step_s = max(time_s - before_s, _LEAST_PACE * (arrived_s - before_arrived_s))
        self._drawn_s = (time_s if self._drawn_s is None else self._drawn_s) + max(0.0, step_s)
        return self._drawn_s

    def _look(self, shown: _Shown, **how: bool) -> VideoFrame:
        lost_s, self._lost_s = self._lost_s, 0.0
        image = to_bgr(
            shown.frame,
            max_side_px=self._max_side_px,
            pixel_aspect=self.pixel_aspect,
            lies=shown.lies if self._as_coded else None,
        )
        return VideoFrame(image, shown.time_s, shown.arrived_s, lost_s=lost_s, **how)

    def _prompted(
        self, frame: av.VideoFrame, *, anew: bool, wanted: bool, arrived_s: float | None
    ) -> bool:
        """Whether the picture breaks off here and may be looked at for it."""
        if self._continuity is None or self._budget is None:
            return False
        broken = self._continuity.broken_by(frame) or anew
        prompted = broken and (wanted or self._budget.spend(arrived_s))
        if wanted or prompted:
            self._continuity.looked()
        return prompted


def to_bgr(
    frame: av.VideoFrame,
    *,
    max_side_px: int = 640,
    pixel_aspect: float = 1.0,
    lies: Orientation | None = None,
) -> NDArray[np.uint8]:
    """Scale a frame down, convert and turn it upright, in one pass of swscale.

    Args:
        frame: decoded, of any size and pixel format; see `has_unknown_colours`.
        max_side_px: the longer side is at most this; smaller frames keep their size.
        pixel_aspect: see `VideoPicker`.
        lies: how it has to be turned; as its codec, track or container says where None.

    Returns:
        uint8, shape (height, width, 3), BGR, contiguous.
    """
    width, height = _fit(frame.width, frame.height, max_side_px, pixel_aspect)
    # One thread: the pictures are small, and swscale's own threads would outlive the call.
    scaled = frame.reformat(
        width,
        height,
        "bgr24",
        src_colorspace=None if frame.colorspace in _KNOWN_MATRICES else Colorspace.ITU601,
        interpolation="AREA",
        threads=1,
    )
    image = scaled.to_ndarray().astype(np.uint8, copy=False)
    # swscale pads rows; the copy also lets go of the frame.
    return (lies or of_frame(frame)).apply(image)


def has_unknown_colours(frame: av.VideoFrame) -> bool:
    """Whether a frame says that its colours are of a kind that `to_bgr` can but guess."""
    return frame.colorspace not in _KNOWN_MATRICES | {_RESERVED_MATRIX}


def _fit(width: int, height: int, max_side_px: int, pixel_aspect: float) -> tuple[int, int]:
    """Size of the picture with square pixels: squeezed ones are widened, wide ones heightened."""
    wide, high = width * max(1.0, pixel_aspect), height * max(1.0, 1 / pixel_aspect)
    scale = min(1.0, max_side_px / max(wide, high))
    return max(1, round(wide * scale)), max(1, round(high * scale))
