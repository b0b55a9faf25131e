"""Follow faces from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from stream_verifier.windows.appearance import Appearance

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
    appearance: Appearance | None
    missed: int = 0


class FaceTracker:
    """Gives a face the same number as long as it is followed without a break.

    Boxes are matched greedily by overlap, the best pair first. At a few pictures a second and
    with a person before a camera this is enough; a face that leaps, stays away, or looks like
    another one from one look to the next gets a new number, since it may be another person.
    """

    def __init__(
        self,
        *,
        min_overlap: float = 0.2,
        break_s: float = 1.1,
        max_tracks: int = 20,
        takeover: float = 1.5,
        min_likeness: float = 0.65,
    ) -> None:
        """Start without faces.

        Args:
            min_overlap: least intersection over union with the last box of the track.
            break_s: a track not seen for longer ends if it was missed in more than one look, and
                after twice as long in any case.
            max_tracks: so many are remembered, the newest first.
            takeover: how many times larger another face must be to become the main one.
            min_likeness: least correlation with the track's last appearance. At 0.65 a talking
                person's track breaks between 2 to 4 % of looks up to a second apart, and of other
                faces at the same place 0.03 % go on with it, 7 % where they are lit and posed
                alike.
        """
        self._min_overlap = min_overlap
        self._break_s = break_s
        self._max_tracks = max_tracks
        self._takeover = takeover
        self._min_likeness = min_likeness
        self._next_id = 0
        self._main_id: int | None = None
        self._tracks: list[_Track] = []

    def reset(self) -> None:
        """End all tracks; numbers are never given twice."""
        self._tracks = []
        self._main_id = None

    def update(
        self,
        boxes: Sequence[Box],
        time_s: float,
        appearances: Sequence[Appearance] | None = None,
    ) -> list[int]:
        """Take the faces of the next frame.

        Args:
            boxes: x, y, width, height of its faces as fractions of the frame.
            time_s: media time of the frame.
            appearances: of its faces, in their order; None where places alone are to go by.

        Returns:
            One track number for each face, in their order.
        """
        looks: Sequence[Appearance | None] = appearances or [None] * len(boxes)
        alive = [track for track in self._tracks if self._lives(track, time_s)]
        matches = self._match(boxes, looks, alive)
        ids = [matches[i] if i in matches else self._new_id() for i in range(len(boxes))]
        seen = [
            _Track(own, box, time_s, look) for own, box, look in zip(ids, boxes, looks, strict=True)
        ]
        missing = [replace(t, missed=t.missed + 1) for t in alive if t.id not in ids]
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

    def _lives(self, track: _Track, time_s: float) -> bool:
        """Looks come at random: one that missed the face may have come at any time."""
        away_s = time_s - track.seen_s
        return away_s <= self._break_s * (1 if track.missed > 1 else 2)

    def _alike(self, a: Appearance | None, b: Appearance | None) -> bool:
        return a is None or b is None or float(a @ b) >= self._min_likeness

    def _match(
        self,
        boxes: Sequence[Box],
        looks: Sequence[Appearance | None],
        tracks: list[_Track],
    ) -> dict[int, int]:
        pairs = sorted(
            (
                (overlap(box, track.box), i, track.id)
                for i, box in enumerate(boxes)
                for track in tracks
                if self._alike(looks[i], track.appearance)
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
