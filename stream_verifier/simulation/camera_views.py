"""What the camera shows of a person: pictures before a plain wall, a little moved or turned."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from model.data import pose
from model.data.conditions import Condition
from model.data.degrade import low_resolution
from model.data.media import PICTURE_SIDE_PX, Picture, read_picture
from model.errors import PackError
from stream_verifier.simulation.casting import Role
from stream_verifier.simulation.script import Shot

WIDTH, HEIGHT = 640, 480
VIEW_S = 1.0
"""The person moves that often,"""
PICTURE_S = 4.0
"""and looks like another of their pictures that often."""
MOVES = 4
"""Views of one picture; the last one has the head turned."""
BESIDE = 0.34
"""How far right of the middle a second person is, as a fraction of the width."""
_TURNED_SHARE = 0.15
_TURN_DEG = (12.0, 25.0)
_SCALE = (1.30, 1.55)
_SHIFT_PX = (24.0, 14.0)
_TILT_DEG = 4.0


def schedule(shot: Shot, pictures: int) -> list[int]:
    """Which view each stretch of ``VIEW_S`` of a shot shows: ``MOVES`` times picture plus move."""
    rng = np.random.default_rng(shot.seed)
    count = int(np.ceil((shot.end_s - shot.start_s) / VIEW_S)) + 1
    of_each = round(PICTURE_S / VIEW_S)
    order = np.concatenate([rng.permutation(pictures) for _ in range(count // of_each + 1)])
    picture = np.repeat(order, of_each)[:count]
    move = rng.integers(MOVES - 1, size=count)
    move[rng.random(count) < _TURNED_SHARE] = MOVES - 1
    return [int(view) for view in picture * MOVES + move]


def view_at(shot: Shot, views: list[int], time_s: float) -> int:
    """The view that a shot shows at some time."""
    return views[int((time_s - shot.start_s) / VIEW_S + 1e-6)]


class Views:
    """Makes frames.

    Args:
        roles: by name.
    """

    def __init__(self, roles: Mapping[str, Role]) -> None:
        self._roles = roles
        self._frame = lru_cache(maxsize=64)(self._make)

    def count(self, who: str) -> int:
        """How many views there are of a person."""
        return MOVES * len(self._roles[who].faces)

    def frame(self, who: str, view: int, condition: Condition) -> Picture:
        """A person before the camera, uint8, shape (480, 640, 3), BGR; not to be written to.

        Raises:
            PackError: the picture cannot be read, or the condition is not for calls.
        """
        return self._frame(who, view, condition)

    def beside(self, frame: Picture, who: str, view: int, condition: Condition) -> Picture:
        """The same frame with a second person in it."""
        picture, place = self._placed(who, view, condition, BESIDE * WIDTH)
        side = np.full((PICTURE_SIDE_PX, PICTURE_SIDE_PX), 255, np.uint8)
        covered = cv2.warpAffine(side, place, (WIDTH, HEIGHT), flags=cv2.INTER_NEAREST)
        shown = cv2.warpAffine(picture, place, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        return np.where(covered[:, :, None] > 0, shown, frame).astype(np.uint8)

    def _make(self, who: str, view: int, condition: Condition) -> Picture:
        picture, place = self._placed(who, view, condition, 0.0)
        # A plain wall: whatever else could be drawn there might be taken for a face.
        wall = [float(value) for value in picture.reshape(-1, 3).mean(axis=0)]
        shown = cv2.warpAffine(
            picture,
            place,
            (WIDTH, HEIGHT),
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=wall,
        )
        return np.asarray(shown, np.uint8)

    def _placed(
        self, who: str, view: int, condition: Condition, right_px: float
    ) -> tuple[Picture, NDArray[np.float64]]:
        """The picture as it is taken, BGR, and where it lies in the frame."""
        number, move = divmod(view, MOVES)
        file = self._roles[who].faces[number]
        rng = np.random.default_rng([zlib.crc32(file.name.encode()), move])
        picture = read_picture(file)
        if move == MOVES - 1:
            side = 1 if rng.random() < 0.5 else -1
            picture = pose.turn(picture, yaw_deg=side * float(rng.uniform(*_TURN_DEG)))
        picture = _affected(picture, condition)
        middle = PICTURE_SIDE_PX / 2
        tilt, scale = float(rng.uniform(-_TILT_DEG, _TILT_DEG)), float(rng.uniform(*_SCALE))
        place = cv2.getRotationMatrix2D((middle, middle), tilt, scale).astype(np.float64)
        shift = rng.uniform(-1, 1, 2) * _SHIFT_PX
        to_middle = np.array([WIDTH / 2 + right_px - middle, HEIGHT / 2 - middle])
        place[:, 2] += shift + to_middle
        return np.ascontiguousarray(picture[:, :, ::-1]), place


def _affected(picture: Picture, condition: Condition) -> Picture:
    if not condition.face:
        return picture
    if condition.face != ("lowres",):
        raise PackError(f"no call can be made in the condition {condition.name!r}")
    return low_resolution(picture)
