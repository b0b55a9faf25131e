"""Which size of a picture is worth its decoding: the smallest that shows a face well; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FACE_PX = 112.0
"""Side of the crop that is compared: a smaller face is blown up, a larger one shrunk."""
FIRST_LAYER = 1
"""Of three: good enough to begin with, whatever comes of it."""
_HIGHEST_LAYER = 2
_LARGEST_USEFUL_PX = 640.0
"""Pictures are shrunk to this before anybody looks, so that larger ones show nothing more."""
_SPARE = 1.2
"""A face must be so much larger than needed at half the size before that is chosen."""
_LOOKS = 3
"""In a row, before another size is asked for: a face that turns away is no reason."""
_LEAST_S = 5.0
"""Between two changes: each costs a key frame of the publisher."""

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

    Attributes:
        layer: that is asked for now.
    """

    def __init__(self) -> None:
        self.layer = FIRST_LAYER
        self._way = 0
        self._looks = 0
        self._changed_s: float | None = None

    def look(self, look: Look, now_s: float) -> int | None:
        """Take a window in; return the layer to ask for, None where it stays.

        Args:
            look: what was seen.
            now_s: on any clock that does not go back.
        """
        way = look.way
        self._looks = self._looks + 1 if way == self._way else 1
        self._way = way
        wanted = min(_HIGHEST_LAYER, max(0, self.layer + way))
        if wanted == self.layer or self._looks < _LOOKS:
            return None
        if self._changed_s is not None and now_s - self._changed_s < _LEAST_S:
            return None
        self.layer, self._changed_s, self._looks = wanted, now_s, 0
        return wanted
