"""Whether the picture goes on as it was: cheap enough for every decoded frame."""

from __future__ import annotations

import random
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Thumbnail = NDArray[np.float32]
"""Shape (24, 32): brightness, its mean 0 and its spread 1."""

_SIZE = (32, 24)
_ROWS = 96
_BLOCK = (5, 5)
_FLAT = 8.0
"""Grey levels added to the spread, so that noise on a plain wall is no change."""
_PACKED = {"bgr24": cv2.COLOR_BGR2GRAY, "rgb24": cv2.COLOR_RGB2GRAY}
_LUMA_FIRST = {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray"}


def thumbnail(frame: av.VideoFrame) -> Thumbnail:
    """Make a small picture of a frame's brightness that exposure does not change."""
    rows = _luma_rows(frame)
    small = cv2.resize(rows, _SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
    mean, spread = cv2.meanStdDev(small)
    return np.asarray((small - mean[0, 0]) / (spread[0, 0] + _FLAT), np.float32)


def _luma_rows(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """As many rows whatever the size: the cost is then that of a small picture."""
    if frame.format.name in _PACKED:
        rows = _spread(_first_plane(frame)[:, : 3 * frame.width])
        packed = rows.reshape(len(rows), frame.width, 3)
        return np.asarray(cv2.cvtColor(packed, _PACKED[frame.format.name]), np.uint8)
    return _spread(_luma(frame))


def _spread(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return rows[np.arange(_ROWS) * len(rows) // _ROWS]


def _luma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    plane = frame.planes[0]
    if frame.format.name not in _LUMA_FIRST or plane.line_size < frame.width:
        return np.asarray(frame.reformat(*_SIZE, "gray", threads=1).to_ndarray(), np.uint8)
    return _first_plane(frame)[:, : frame.width]


def _first_plane(frame: av.VideoFrame) -> NDArray[np.uint8]:
    plane = frame.planes[0]
    buffer: Any = plane
    flat: NDArray[np.uint8] = np.frombuffer(buffer, np.uint8, count=plane.line_size * frame.height)
    return flat.reshape(frame.height, plane.line_size)


def change(before: Thumbnail, after: Thumbnail) -> float:
    """How much the block that changed most did, in spreads of brightness, 0 or more."""
    blocks = cv2.boxFilter(cv2.absdiff(before, after), -1, _BLOCK, borderType=cv2.BORDER_REFLECT)
    return float(blocks.max())


class Continuity:
    """Follows one stream frame by frame and says where it does not go on as before.

    A block is a sixth of the picture's width, about what a face is: a change of the face alone
    counts as much as a cut. Slow changes are no matter here; the looks themselves see them.

    Args:
        cut: from this change on between two frames in a row, the second shows something else. 99 %
            of exchanged faces exceed it. So do frames of lively or badly coded pictures, none to
            a tenth of them by the person (`python -m benchmarks.honest`): each costs a look, of
            which `LookBudget` bounds the number, and no verdict.
        drift: likewise between the frame that was looked at last and this one; people move.
    """

    def __init__(self, *, cut: float = 0.18, drift: float = 0.6) -> None:
        self._cut = cut
        self._drift = drift
        self._shape: tuple[object, ...] | None = None
        self._last: Thumbnail | None = None
        self._looked_at: Thumbnail | None = None

    def broken_by(self, frame: av.VideoFrame) -> bool:
        """Take the next frame; say whether it shows something else than those before it."""
        shape = (frame.width, frame.height, frame.format.name, round(frame.rotation))
        small, last = thumbnail(frame), self._last
        another = self._shape is not None and shape != self._shape
        self._shape, self._last = shape, small
        if last is None or another:
            return another
        if change(last, small) >= self._cut:
            return True
        return self._looked_at is not None and change(self._looked_at, small) >= self._drift

    def looked(self) -> None:
        """Note that the newest frame is looked at."""
        self._looked_at = self._last


class LookBudget:
    """How many frames may be looked at beside the regular ones: a token bucket, spent by chance.

    The emptier the bucket, the rarer a frame gets a look: a single change always does, and who
    changes the picture all the time to empty it does not know which of his frames are seen.

    Args:
        chance: decides.
        most: looks that can be saved up.
        per_s: looks that come anew a second.
    """

    def __init__(self, chance: random.Random, *, most: int = 4, per_s: float = 2.0) -> None:
        self._chance = chance
        self._most = most
        self._per_s = per_s
        self._left = float(most)
        self._at_s: float | None = None

    def spend(self, now_s: float | None) -> bool:
        """Ask for one look.

        Args:
            now_s: on this machine's clock, since a sender dates his frames as he likes; None
                where it is not known, and nothing comes anew.
        """
        if now_s is not None:
            elapsed_s = 0.0 if self._at_s is None else max(0.0, now_s - self._at_s)
            self._left = min(self._most, self._left + self._per_s * elapsed_s)
            self._at_s = now_s
        if self._left < 1 or self._chance.random() * self._most >= self._left:
            return False
        self._left -= 1
        return True
