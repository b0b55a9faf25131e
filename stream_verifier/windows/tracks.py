"""Follow faces from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes (x, y, width, height), 0 to 1."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


@dataclass(frozen=True, slots=True)
class _Track:
    id: int
    box: Box
    seen_s: float


class FaceTracker:
    """Gives a face the same number as long as it is followed without a break.

    Boxes are matched greedily by overlap, the best pair first. At a few pictures a second and
    with a person before a camera this is enough; a face that leaps, or stays away for longer
    than ``break_s``, gets a new number, since it may be another person.
    """

    def __init__(
        self,
        *,
        min_overlap: float = 0.2,
        break_s: float = 1.1,
        max_tracks: int = 20,
        takeover: float = 1.5,
    ) -> None:
        """Start without faces.

        Args:
            min_overlap: least intersection over union with the last box of the track.
            break_s: a track not seen for longer ends.
            max_tracks: so many are remembered, the newest first.
            takeover: how many times larger another face must be to become the main one.
        """
        self._min_overlap = min_overlap
        self._break_s = break_s
        self._max_tracks = max_tracks
        self._takeover = takeover
        self._next_id = 0
        self._main_id: int | None = None
        self._tracks: list[_Track] = []

    def reset(self) -> None:
        """End all tracks; numbers are never given twice."""
        self._tracks = []
        self._main_id = None

    def update(self, boxes: Sequence[Box], time_s: float) -> list[int]:
        """Take the faces of the next frame.

        Args:
            boxes: x, y, width, height of its faces as fractions of the frame.
            time_s: media time of the frame.

        Returns:
            One track number for each face, in their order.
        """
        alive = [track for track in self._tracks if time_s - track.seen_s <= self._break_s]
        matches = self._match(boxes, alive)
        ids = [matches[i] if i in matches else self._new_id() for i in range(len(boxes))]
        seen = [_Track(own, box, time_s) for own, box in zip(ids, boxes, strict=True)]
        missing = [track for track in alive if track.id not in ids]
        self._tracks = (seen + missing)[: self._max_tracks]
        return ids

    def main(self, boxes: Sequence[Box], ids: Sequence[int]) -> int:
        """Choose the person the call is about: the followed one, else the most prominent.

        Args:
            boxes: the faces of one frame, at least one.
            ids: what ``update`` gave for them.

        Returns:
            Index of the main face. Another one takes over only where it is much larger.
        """
        sizes = [box[2] * box[3] for box in boxes]
        best = max(range(len(boxes)), key=sizes.__getitem__)
        if self._main_id in ids:
            followed = ids.index(self._main_id)
            if sizes[best] < self._takeover * sizes[followed]:
                best = followed
        self._main_id = ids[best]
        return best

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def _match(self, boxes: Sequence[Box], tracks: list[_Track]) -> dict[int, int]:
        pairs = sorted(
            (
                (overlap(box, track.box), i, track.id)
                for i, box in enumerate(boxes)
                for track in tracks
            ),
            key=lambda pair: (-pair[0], pair[1], pair[2]),
        )
        matches: dict[int, int] = {}
        for shared, i, track_id in pairs:
            if shared < self._min_overlap:
                break
            if i not in matches and track_id not in matches.values():
                matches[i] = track_id
        return matches
