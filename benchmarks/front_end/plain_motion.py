"""A mouth's own motion as Lucas and Kanade (1981) have it: whole pictures, masks and maps."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_SIDE = 56
_ROUNDS = 3
_MOST_STEP_PX = 2.0
_FLOOR = 1e-3
_Y, _X = np.mgrid[0:_SIDE, 0:_SIDE].astype(np.float32)
_U, _V = (_X - _SIDE / 2) / (_SIDE / 2), (_Y - _SIDE / 2) / (_SIDE / 2)


def _region(left: int, top: int, right: int, bottom: int) -> NDArray[np.bool_]:
    across = np.logical_and(left < _X, right > _X)
    return np.asarray(across & np.logical_and(top < _Y, bottom > _Y))


_LAID_BY = _region(4, 10, 52, 35)
_EYES_AND_NOSE = _region(6, 14, 50, 34)
_MOUTH = _region(14, 36, 42, 54)


def own_motion(now: Floats, before: Floats) -> float:
    """As `model.runtime.moving.own_motion`."""
    laid = _matched(now, _laid_over(now, before))
    across, down = _slopes(now)
    contrast = across**2 + down**2
    changed = (now - laid) ** 2
    mouth, rest = (
        float(changed[part].mean() / max(1.0, contrast[part].mean()))
        for part in (_MOUTH, _EYES_AND_NOSE)
    )
    return float(np.log((mouth + _FLOOR) / (rest + _FLOOR)))


def _laid_over(now: Floats, before: Floats) -> Floats:
    warp = np.zeros(6, np.float32)
    for _ in range(_ROUNDS):
        warped = _warped(before, warp)
        across, down = _slopes(warped)
        one = np.ones_like(warped)
        rows = [across, across * _U, across * _V, down, down * _U, down * _V, warped / 64, one]
        slopes = np.stack(rows, axis=-1)[_LAID_BY]
        normal = slopes.T @ slopes + np.eye(8, dtype=np.float32) * 1e-2
        step = np.linalg.solve(normal, slopes.T @ (now - warped)[_LAID_BY])
        warp += np.clip(step[:6], -_MOST_STEP_PX, _MOST_STEP_PX).astype(np.float32)
    return _warped(before, warp)


def _warped(picture: Floats, warp: Floats) -> Floats:
    x = _X + warp[0] + warp[1] * _U + warp[2] * _V
    y = _Y + warp[3] + warp[4] * _U + warp[5] * _V
    there = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(there, np.float32)


def _matched(now: Floats, laid: Floats) -> Floats:
    wanted, found = now[_LAID_BY], laid[_LAID_BY]
    gain = wanted.std() / max(float(found.std()), _FLOOR)
    return np.asarray((laid - found.mean()) * gain + wanted.mean(), np.float32)


def _slopes(picture: Floats) -> tuple[Floats, Floats]:
    across = cv2.Sobel(picture, cv2.CV_32F, 1, 0, ksize=3) / 8
    down = cv2.Sobel(picture, cv2.CV_32F, 0, 1, ksize=3) / 8
    return np.asarray(across, np.float32), np.asarray(down, np.float32)
