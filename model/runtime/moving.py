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

_Y, _X = np.mgrid[0:_SIDE, 0:_SIDE].astype(np.float32)
_U, _V = (_X - _SIDE / 2) / (_SIDE / 2), (_Y - _SIDE / 2) / (_SIDE / 2)


def _region(left: int, top: int, right: int, bottom: int) -> NDArray[np.bool_]:
    across = np.logical_and(left < _X, right > _X)
    return np.asarray(across & np.logical_and(top < _Y, bottom > _Y))


# In a face of 56 pixels that is aligned as for the face tower.
_LAID_BY = _region(4, 10, 52, 35)
_EYES_AND_NOSE = _region(6, 14, 50, 34)
_MOUTH = _region(14, 36, 42, 54)

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
    across, down = _slopes(now)
    contrast = across**2 + down**2
    changed = (now - laid) ** 2
    mouth, rest = (
        float(changed[part].mean() / max(1.0, contrast[part].mean()))
        for part in (_MOUTH, _EYES_AND_NOSE)
    )
    return float(np.log((mouth + _FLOOR) / (rest + _FLOOR)))


def _laid_over(now: Vector, before: Vector) -> Vector:
    """The earlier picture, warped so that eyes and nose come to lie where they are now."""
    warp = np.zeros(6, np.float32)
    for _ in range(_ROUNDS):
        warped = _warped(before, warp)
        across, down = _slopes(warped)
        slopes = np.stack(
            [
                across,
                across * _U,
                across * _V,
                down,
                down * _U,
                down * _V,
                warped / 64,  # gain and offset beside, so that light does not pull at the map
                np.ones_like(warped),
            ],
            axis=-1,
        )[_LAID_BY]
        normal = slopes.T @ slopes + np.eye(8, dtype=np.float32) * 1e-2
        step = np.linalg.solve(normal, slopes.T @ (now - warped)[_LAID_BY])
        warp += np.clip(step[:6], -_MOST_STEP_PX, _MOST_STEP_PX).astype(np.float32)
    return _warped(before, warp)


def _warped(picture: Vector, warp: Vector) -> Vector:
    x = _X + warp[0] + warp[1] * _U + warp[2] * _V
    y = _Y + warp[3] + warp[4] * _U + warp[5] * _V
    there = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(there, np.float32)


def _matched(now: Vector, laid: Vector) -> Vector:
    """The laid picture, of the brightness and contrast that eyes and nose have now."""
    wanted, found = now[_LAID_BY], laid[_LAID_BY]
    gain = wanted.std() / max(float(found.std()), _FLOOR)
    return np.asarray((laid - found.mean()) * gain + wanted.mean(), np.float32)


def _slopes(picture: Vector) -> tuple[Vector, Vector]:
    across = cv2.Sobel(picture, cv2.CV_32F, 1, 0, ksize=3) / 8
    down = cv2.Sobel(picture, cv2.CV_32F, 0, 1, ksize=3) / 8
    return np.asarray(across, np.float32), np.asarray(down, np.float32)
