"""Does this mouth move otherwise than the face around it? A picture's does not, however it is held.

Two pictures a sixth of a second apart are laid over each other by the eyes and nose: an affine map
and a gain, by Gauss and Newton (Lucas and Kanade 1981; Baker and Matthews 2004). What is left at
the mouth is set against what is left at eyes and nose, each in units of its own contrast, so that
noise, codecs, blur and hands that hold a picture, which change all of it alike, say nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.errors import ModelError
from model.runtime.align import CROP_SIDE_PX
from model.types import Vector

LAG_S, FAR_S = 0.16, 0.75
"""How far apart two pictures are compared, and at most, where there are few."""
MOVES_AT = 1.9
"""Log of the ratio from which on a mouth moves of its own: few pairs of a still that is moved by
hand come to more, and most of somebody who talks."""

_LAG_SLACK_S = 0.045
_EVERY_S, _PACE_S = 0.07, 0.08
_MOST_WEIGHT = 4.0
_SIDE = 56
_BLUR = 1.2
_ROUNDS = 3
_MOST_STEP_PX = 2.0
_FLOOR = 1e-3
_MOST_WAITING = 64
_BY_MOVING, _BY_RESTING = 0.35, -0.175
"""Nats that one pair adds, far less than it would if it stood alone: there are a dozen pairs a
second that share what they show, and people move their mouths more or less."""

_V, _U = (np.mgrid[0:_SIDE, 0:_SIDE].astype(np.float32) - _SIDE / 2) / (_SIDE / 2)

Region = tuple[slice, slice]


def _region(left: int, top: int, right: int, bottom: int) -> Region:
    return slice(top, bottom), slice(left, right)


# In a face of 56 pixels that is aligned as for the face tower.
_LAID_BY = _region(5, 11, 52, 35)
_EYES_AND_NOSE = _region(7, 15, 50, 34)
_MOUTH = _region(15, 37, 42, 54)
_U_LAID, _V_LAID = _U[_LAID_BY].ravel(), _V[_LAID_BY].ravel()

Speaks = Callable[[float, float], bool]


@dataclass(frozen=True, slots=True)
class _Pair:
    start_s: float
    end_s: float
    ratio: float
    weight: float


class MouthMotion:
    """Follows one face over the pictures of a call and adds up whether its mouth moves in speech.

    Of the pictures it keeps a sixth of a second, small and grey, and numbers of those since.
    """

    def __init__(self) -> None:
        self._faces: deque[tuple[float, Vector]] = deque()
        self._pairs: deque[_Pair] = deque(maxlen=_MOST_WAITING)
        self._read_s = -np.inf

    def see(self, time_s: float, face: NDArray[np.uint8]) -> None:
        """Take the next picture.

        Args:
            time_s: media time, later than the last one's.
            face: uint8, shape (112, 112), grey, aligned as for the face tower.

        Raises:
            ModelError: the picture has another shape or type.
        """
        small = prepared(face)
        # The newest is kept, however old: of a slow camera it is all there is to compare with.
        while len(self._faces) > 1 and self._faces[0][0] < time_s - LAG_S - _LAG_SLACK_S:
            self._faces.popleft()
        if self._faces and time_s - self._read_s >= _EVERY_S:
            before_s, before = min(self._faces, key=lambda one: abs(time_s - one[0] - LAG_S))
            if LAG_S - _LAG_SLACK_S <= time_s - before_s <= FAR_S:
                self._pair(before_s, time_s, own_motion(small, before))
        self._faces.append((time_s, small))

    def _pair(self, before_s: float, time_s: float, ratio: float) -> None:
        # Few pairs have less in common than many, and are worth more.
        since_s = min(time_s - self._read_s, time_s - before_s + _PACE_S)
        weight = min(_MOST_WEIGHT, max(1.0, since_s / _PACE_S))
        self._pairs.append(_Pair(before_s, time_s, ratio, weight))
        self._read_s = time_s

    def forget(self) -> None:
        """Start anew: another face, or pictures that did not follow on."""
        self._faces.clear()
        self._pairs.clear()

    def evidence(self, speaks: Speaks, *, until_s: float) -> tuple[float, float]:
        """What has come to be known since this was last asked.

        Args:
            speaks: whether somebody speaks from one media time to another; known up to
                ``until_s``.
            until_s: media time. Later pairs wait.

        Returns:
            Nats for a mouth that moves in speech, below 0 for one at rest, and of how many pairs;
            one that came alone counts for up to four.
        """
        nats, count = 0.0, 0.0
        while self._pairs and self._pairs[0].end_s <= until_s:
            pair = self._pairs.popleft()
            if speaks(pair.start_s, pair.end_s):
                nats += pair.weight * (_BY_MOVING if pair.ratio > MOVES_AT else _BY_RESTING)
                count += pair.weight
        return nats, count


def prepared(face: NDArray[np.uint8]) -> Vector:
    """An aligned grey face of 112 pixels, smoothed and halved: float32, shape (56, 56).

    Raises:
        ModelError: it has another shape or type.
    """
    if face.dtype != np.uint8 or face.shape != (CROP_SIDE_PX, CROP_SIDE_PX):
        raise ModelError(f"a face must be uint8 (112, 112), grey, not {face.dtype} {face.shape}")
    smooth = cv2.GaussianBlur(face, (0, 0), _BLUR)
    small = cv2.resize(smooth, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def own_motion(now: Vector, before: Vector) -> float:
    """Log of how much more a mouth has changed than eyes and nose, which are laid over each other.

    Args:
        now: as `prepared`, shape (56, 56).
        before: likewise, of the same face.
    """
    laid = _matched(now, _laid_over(now, before))
    mouth, rest = (_changed(now, laid, part) for part in (_MOUTH, _EYES_AND_NOSE))
    return float(np.log((mouth + _FLOOR) / (rest + _FLOOR)))


def _changed(now: Vector, laid: Vector, part: Region) -> float:
    """Mean square of what changed in a part, in units of its contrast."""
    across, down = _slopes(now, part)
    difference = now[part] - laid[part]
    contrast = (np.vdot(across, across) + np.vdot(down, down)) / across.size
    return float(np.vdot(difference, difference) / difference.size / max(1.0, contrast))


def _laid_over(now: Vector, before: Vector) -> Vector:
    """The earlier picture, warped so that eyes and nose come to lie where they are now."""
    warp = np.zeros(6, np.float32)
    wanted = now[_LAID_BY].ravel()
    # Light must not pull at the map: rows of gain and offset stand beside those of the slopes.
    slopes = np.ones((8, wanted.size), np.float32)
    for _ in range(_ROUNDS):
        warped = _warped(before, warp)
        found = warped[_LAID_BY].ravel()
        for first, slope in zip((0, 3), _slopes(warped, _LAID_BY), strict=True):
            slopes[first] = slope.ravel()
            np.multiply(slopes[first], _U_LAID, out=slopes[first + 1])
            np.multiply(slopes[first], _V_LAID, out=slopes[first + 2])
        np.divide(found, 64, out=slopes[6])
        normal = slopes @ slopes.T + np.eye(8, dtype=np.float32) * 1e-2
        step = np.linalg.solve(normal, slopes @ (wanted - found))
        warp += np.clip(step[:6], -_MOST_STEP_PX, _MOST_STEP_PX).astype(np.float32)
    return _warped(before, warp)


def _warped(picture: Vector, warp: Vector) -> Vector:
    """The picture moved by a map: a shift, and what that grows by from the middle to an edge."""
    x, across_x, down_x, y, across_y, down_y = warp.tolist()
    half = _SIDE / 2
    there = np.array(
        [
            (1 + across_x / half, down_x / half, x - across_x - down_x),
            (across_y / half, 1 + down_y / half, y - across_y - down_y),
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (_SIDE, _SIDE)
    moved = cv2.warpAffine(picture, there, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _matched(now: Vector, laid: Vector) -> Vector:
    """The laid picture, of the brightness and contrast that eyes and nose have now."""
    wanted, wanted_spread = _mean_and_spread(now[_LAID_BY])
    found, found_spread = _mean_and_spread(laid[_LAID_BY])
    gain = wanted_spread / max(found_spread, _FLOOR)
    return np.asarray(laid * np.float32(gain) + np.float32(wanted - found * gain), np.float32)


def _mean_and_spread(part: Vector) -> tuple[float, float]:
    mean, spread = cv2.meanStdDev(part)
    return float(mean[0, 0]), float(spread[0, 0])


def _slopes(picture: Vector, part: Region) -> tuple[Vector, Vector]:
    """Slopes across and down in a part that does not touch the picture's edge."""
    rows, columns = part
    around = picture[rows.start - 1 : rows.stop + 1, columns.start - 1 : columns.stop + 1]
    across = cv2.Sobel(around, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)[1:-1, 1:-1]
    down = cv2.Sobel(around, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)[1:-1, 1:-1]
    return np.asarray(across, np.float32), np.asarray(down, np.float32)
