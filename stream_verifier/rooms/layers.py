"""Which size of a picture is looked at: mostly the smallest that shows a face well; pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

FACE_PX = 112.0
"""Side of the crop that is compared: a smaller face is blown up, a larger one shrunk."""
FIRST_LAYER = 1
"""Of three: good enough to begin with, whatever comes of it."""
_LAYERS = range(3)
_LARGEST_USEFUL_PX = 640.0
"""Pictures are shrunk to this before anybody looks, so that larger ones show nothing more."""
_SPARE = 1.2
"""A face must be so much larger than needed at half the size before that is chosen."""
_LOOKS = 3
"""In a row, before another size is asked for: a face that turns away is no reason."""
_LEAST_S = 5.0
"""Between two changes: each costs a key frame of the publisher."""
_STAY_S = (4.0, 10.0)
"""At the size that does, before another one is visited."""
_VISIT_S = (1.5, 5.0)
"""At another: long enough for a look, and who is asked for a key frame does not know whether a
visit begins or ends."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen in one window.

    Attributes:
        boxes: of faces, as fractions of the picture: x, y, width, height.
        picture_px: width and height of the picture as it came.
    """

    boxes: Sequence[Box]
    picture_px: tuple[int, int]

    @property
    def face_px(self) -> float:
        """Size of the largest face, as the quality of faces is measured; 0 without one."""
        width, height = self.picture_px
        scale = min(1.0, _LARGEST_USEFUL_PX / max(1, width, height))
        sizes = ((wide * width + high * height) / 2 for _, _, wide, high in self.boxes)
        return scale * max(sizes, default=0.0)

    @property
    def way(self) -> int:
        """1 where a larger picture would help, -1 where a smaller one would do, else 0."""
        side_px = max(self.picture_px)
        if self.face_px < FACE_PX:
            return 1 if side_px < _LARGEST_USEFUL_PX else 0
        halved = Look(self.boxes, (self.picture_px[0] // 2, self.picture_px[1] // 2))
        return -1 if halved.face_px >= _SPARE * FACE_PX else 0


class LayerChoice:
    """Follows one call's windows and says when to ask for another size.

    Others may watch another size than the one that does, and a publisher can send another picture
    in each. So the others are visited, at times and for as long as chance has it, and where a call
    is rejected on a visit it stays there.

    Args:
        chance: where the moments come from.

    Attributes:
        layer: the one that does.
        rejected: whether the call is, as it is told.
    """

    def __init__(self, chance: random.Random | None = None) -> None:
        self.layer = FIRST_LAYER
        self.rejected = False
        self._chance = chance or random.SystemRandom()
        self._way = 0
        self._looks = 0
        self._changed_s: float | None = None
        self._asked = FIRST_LAYER
        self._until_s: float | None = None

    def look(self, look: Look, now_s: float) -> int | None:
        """Take a window in; return the layer to ask for, None where it stays.

        Args:
            look: what was seen.
            now_s: on any clock that does not go back.
        """
        if self._until_s is None:
            self._until_s = now_s + self._chance.uniform(*_STAY_S)
        if now_s >= self._until_s and not (self._visiting and self.rejected):
            return self._go_on(now_s)
        return None if self._visiting else self._adapt(look, now_s)

    @property
    def _visiting(self) -> bool:
        return self._asked != self.layer

    def _go_on(self, now_s: float) -> int:
        """To any other size, which may be the one that does."""
        self._asked = self._chance.choice([one for one in _LAYERS if one != self._asked])
        self._until_s = now_s + self._chance.uniform(*(_VISIT_S if self._visiting else _STAY_S))
        self._looks = 0
        return self._asked

    def _adapt(self, look: Look, now_s: float) -> int | None:
        way = look.way
        self._looks = self._looks + 1 if way == self._way else 1
        self._way = way
        wanted = min(_LAYERS[-1], max(_LAYERS[0], self.layer + way))
        if wanted == self.layer or self._looks < _LOOKS:
            return None
        if self._changed_s is not None and now_s - self._changed_s < _LEAST_S:
            return None
        self.layer = self._asked = wanted
        self._changed_s, self._looks = now_s, 0
        return wanted
