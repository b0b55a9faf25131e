"""What one frame shows: its faces, and the one the call is about."""

from __future__ import annotations

from dataclasses import dataclass

from stream_verifier.media.types import VideoFrame
from stream_verifier.windows import quality
from stream_verifier.windows.appearance import appearance
from stream_verifier.windows.company import Company
from stream_verifier.windows.faces import DetectedFace, FaceDetector, align
from stream_verifier.windows.search import FaceSearch
from stream_verifier.windows.tracks import Box, FaceTracker
from stream_verifier.windows.types import FaceCrop

_SURE = 0.8
"""Detections below are too often none to be called a second person."""
_LEAST_MARGIN = 0.05
"""Of a face's width, between its features and the edge of the frame."""
_LEAST_SEEN = 0.8
"""Of a face's box, in the frame."""


@dataclass(frozen=True, slots=True)
class Look:
    """One frame, looked at.

    Attributes:
        time_s: media time of the frame.
        boxes: all faces as fractions of the frame, the main one first.
        crowded: somebody else is before the camera as well.
        face: the main face, whether or not it may be scored; None without a face.
        reasons: why it may not be scored, empty where it may.
    """

    time_s: float
    boxes: tuple[Box, ...] = ()
    crowded: bool = False
    face: FaceCrop | None = None
    reasons: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether there is a face that may be scored."""
        return self.face is not None and not self.reasons


class FaceWatcher:
    """Finds, follows, cuts out and measures faces, frame after frame of one call."""

    def __init__(
        self,
        detector: FaceDetector,
        *,
        break_s: float = 1.1,
        second_face: float = 0.5,
        small_face: float = 0.25,
        whole_every: int = 1,
    ) -> None:
        """Start without faces.

        Args:
            detector: finds them.
            break_s: a face away for longer than this is followed no more.
            second_face: from this width on, relative to the main face, another one crowds it.
            small_face: likewise, where it is seen in two looks (`Company`).
            whole_every: looks of which one at least is at all of the frame (`FaceSearch`).
        """
        self._search = FaceSearch(detector, whole_every=whole_every, within_s=break_s)
        self._tracker = FaceTracker(break_s=break_s)
        self._company = Company(large=second_face, small=small_face)

    def reset(self) -> None:
        """Follow nobody any more: frames were lost."""
        self._search.reset()
        self._tracker.reset()
        self._company.reset()

    def look(self, frame: VideoFrame) -> Look:
        """Look at the next frame, whose size may differ from the last one's."""
        height, width = frame.image.shape[:2]
        faces = self._search.faces(frame)
        boxes = [_fraction(face, width, height) for face in faces]
        crops = [align(frame.image, face.landmarks) for face in faces]
        ids = self._tracker.update(boxes, frame.time_s, [appearance(crop) for crop in crops])
        if not faces:
            return Look(frame.time_s)
        main = self._tracker.main(boxes, ids)
        pixels = crops[main]
        measured = quality.measure(faces[main], pixels)
        cut = _is_cut(faces[main], width, height)
        crop = FaceCrop(pixels, frame.time_s, boxes[main], measured, ids[main], cut)
        others = boxes[:main] + boxes[main + 1 :]
        side = max(width, height)
        widths = [
            face.box[2] / side
            for place, face in enumerate(faces)
            if place != main and face.score >= _SURE
        ]
        crowded = self._company.crowds(faces[main].box[2] / side, widths, frame.time_s)
        return Look(frame.time_s, (boxes[main], *others), crowded, crop, quality.usable(measured))


def _is_cut(face: DetectedFace, width: int, height: int) -> bool:
    """Whether eyes, nose or mouth lie at the frame's edge or beyond, or much of the face does.

    The detector guesses what it does not see: half a face has all five landmarks.
    """
    x, y, w, h = face.box
    left, top = face.landmarks.min(axis=0)
    right, bottom = face.landmarks.max(axis=0)
    margin = _LEAST_MARGIN * w
    inside = margin <= left and margin <= top and right <= width - margin
    inside = inside and bottom <= height - margin
    seen_w = min(x + w, width) - max(x, 0.0)
    seen_h = min(y + h, height) - max(y, 0.0)
    return not inside or seen_w * seen_h < _LEAST_SEEN * w * h


def _fraction(face: DetectedFace, width: int, height: int) -> Box:
    """The part of the face's box that lies in the frame, in fractions of the frame."""
    x, y, w, h = face.box
    left, right = (min(1.0, max(0.0, edge / width)) for edge in (x, x + w))
    top, bottom = (min(1.0, max(0.0, edge / height)) for edge in (y, y + h))
    return left, top, right - left, bottom - top
