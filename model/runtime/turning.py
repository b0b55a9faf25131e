"""Does this head turn to a side and back? A flat picture's nose does not move against its eyes.

In a picture that is flat, whichever way it is held, moved or turned about, nose, eyes and mouth
keep their places to each other up to an affine map, and a little perspective where it is near. A
nose stands out of a face: when the head turns it moves against eyes and mouth. So the place of the
nose is taken in the coordinates of eyes and mouth, in which no affine map of the picture shows
(parallax), and that is followed from picture to picture. Whether it was a head that turned and no
picture bent to a tube, all points of its mesh say (``model.runtime.relief``).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.errors import ModelError
from model.runtime.relief import relief

Turn = Literal["left", "right"]
"""As the person has it: who turns left shows more of the right cheek."""

AWAY, BACK = 0.33, 0.15
"""Parallax from where the head rests: from which on it has turned to a side, and within which it is
back. A third is about 35 degrees."""
REST_S = 0.12
"""So long a head is still before a turn counts, which so began after it was asked for."""

_STRAIGHT = 0.35
_STILL = 0.12
_SMOOTH = 3
_BETWEEN = (0.2, 0.8)
"""Of a turn's reach: a head passes through here on its way, out and back; another picture that
takes the face's place does not."""
_FAR_S = 0.5
_MOST_KEPT = 240
_NARROW = 0.86
_LEAST_SOLID = 2
"""Pictures of a turn that show a head; one may be an accident."""

Points = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Bearing:
    """How five landmarks lie to each other.

    Attributes:
        parallax: where the nose lies across the face, from its middle, in halves of the distance of
            the eyes; above 0 towards the picture's right, as of a head that turns to its left.
        width: of the face against its height, between eyes and mouth.
    """

    parallax: float
    width: float


def bearing(landmarks: NDArray[np.floating]) -> Bearing | None:
    """Read landmarks.

    Args:
        landmarks: shape (5, 2): right eye, left eye, nose, right and left mouth corner.

    Returns:
        None where they lie on one line.

    Raises:
        ModelError: there are others than five.
    """
    if landmarks.shape != (5, 2):
        raise ModelError(f"landmarks must be of shape (5, 2), not {landmarks.shape}")
    right, left, nose, *mouth = np.asarray(landmarks, np.float64)
    middle = (right + left) / 2
    across, down = left - right, (mouth[0] + mouth[1]) / 2 - middle
    area = float(across[0] * down[1] - across[1] * down[0])
    height = float(down @ down)
    if not abs(area) > 1e-3 * max(height, 1e-6):
        return None
    away = nose - middle
    place = float(away[0] * down[1] - away[1] * down[0]) / area
    return Bearing(2 * place, abs(area) / height)


@dataclass(frozen=True, slots=True)
class Excursion:
    """A turn to one side and back.

    Attributes:
        side: which.
        began_s: when the head was at rest last before it.
        ended_s: when it was back.
        reach: how far it went, in parallax.
        passed: whether it was seen between rest and reach, out and back.
        whole: whether no picture was missing for long.
        solid: whether the points of its mesh moved as those of a head do.
    """

    side: Turn
    began_s: float
    ended_s: float
    reach: float
    passed: bool
    whole: bool
    solid: bool


class HeadTurns:
    """Follows one head, from when it was asked to turn.

    Keeps the last few bearings, the points of the head at rest and numbers of the turn under way,
    never pictures.
    """

    def __init__(self) -> None:
        self.turns: list[Excursion] = []
        """Those that are over, in order."""
        self.pictures = 0
        self.flat = 0
        """Pictures in which the face narrowed as when it turns, and its nose stayed."""
        self._newest: deque[Bearing] = deque(maxlen=_SMOOTH)
        self._resting: list[tuple[float, float]] = []
        self._base: Bearing | None = None
        self._way: list[float] = []
        self._began_s = self._seen_s = -math.inf
        self._whole = True
        self._rest: Points | None = None
        self._solid = 0

    @property
    def at_rest(self) -> bool:
        """Whether it has been seen to rest, so that turns count."""
        return self._base is not None

    @property
    def under_way(self) -> bool:
        """Whether a turn has begun that is not over."""
        return max(self._way, key=abs, default=0.0) > AWAY or min(self._way, default=0.0) < -AWAY

    def see(
        self, time_s: float, landmarks: NDArray[np.floating], points: Points | None = None
    ) -> None:
        """Take the next picture in which the face was found, later than the last one.

        Args:
            time_s: of media.
            landmarks: shape (5, 2), as `bearing` has them.
            points: shape (468, 3), as ``FaceMesh.locate`` gives them; None where it found none.
        """
        found = bearing(landmarks)
        if found is None or time_s <= self._seen_s:
            return
        self.pictures += 1
        self._newest.append(found)
        # A median of three: a landmark that jumps for once is no motion.
        parallax = float(np.median([one.parallax for one in self._newest]))
        width = float(np.median([one.width for one in self._newest]))
        gap_s, self._seen_s = time_s - self._seen_s, time_s
        if self._base is None:
            self._settle(time_s, parallax, width, points)
            return
        self._compare(parallax - self._base.parallax, points)
        self._follow(time_s, parallax - self._base.parallax, gap_s)
        narrow = width < _NARROW * self._base.width
        self.flat += narrow and abs(parallax - self._base.parallax) < BACK

    def _compare(self, away: float, points: Points | None) -> None:
        """Count pictures in which the face is turned to that side as a head is."""
        if self._rest is None or points is None or abs(away) < AWAY / 2:
            return
        found = relief(self._rest, points)
        self._solid += found is not None and found.stands_out and found.yaw_deg * away > 0

    def _settle(self, time_s: float, parallax: float, width: float, points: Points | None) -> None:
        if abs(parallax) > _STRAIGHT:
            self._resting.clear()
            return
        self._resting.append((time_s, parallax))
        while abs(parallax - self._resting[0][1]) > _STILL:
            self._resting.pop(0)
        # What moves slowly enough to look still for a moment is at rest, more or less.
        if (
            points is not None
            and len(self._resting) >= _SMOOTH
            and time_s - self._resting[0][0] >= REST_S
        ):
            level = float(np.mean([one for _, one in self._resting]))
            self._base, self._rest = Bearing(level, width), points
            self._resting.clear()
            self._began_s = time_s

    def _follow(self, time_s: float, away: float, gap_s: float) -> None:
        if abs(away) <= BACK:
            self._close(time_s, gap_s)
            self._began_s = time_s
            return
        if not self._way:
            self._whole = True
        self._whole = self._whole and gap_s <= _FAR_S
        if len(self._way) < _MOST_KEPT:
            self._way.append(away)

    def _close(self, time_s: float, gap_s: float) -> None:
        way, self._way = self._way, []
        solid, self._solid = self._solid >= _LEAST_SOLID, 0
        if not way:
            return
        furthest = max(range(len(way)), key=lambda at: abs(way[at]))
        reach = way[furthest]
        if abs(reach) < AWAY:
            return
        low, high = (share * abs(reach) for share in _BETWEEN)
        out = any(low < abs(one) < high for one in way[:furthest])
        home = any(low < abs(one) < high for one in way[furthest:])
        self.turns.append(
            Excursion(
                side="left" if reach > 0 else "right",
                began_s=self._began_s,
                ended_s=time_s,
                reach=abs(reach),
                passed=out and home,
                whole=self._whole and gap_s <= _FAR_S,
                solid=solid,
            )
        )
