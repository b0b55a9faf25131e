"""One face through pictures in quick succession: searched in every other one of them.

A search is most of what a picture costs, and a head moves little in a fifteenth of a second. In a
picture between two searched ones its landmarks are taken to lie between theirs, where it looks as
it does in both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.runtime.align import align
from model.runtime.detect import Box, DetectedFace, FaceDetector
from stream_verifier.media.types import VideoFrame
from stream_verifier.windows.faces import in_fractions, in_pixels

_SOON_S, _APART_S = 0.1, 0.25
"""How soon after a searched picture one may come that is not, and the next that is."""
_STAYS = 0.08
"""Of a face's sides, by which it may have moved and is sought in the same part of the picture."""
_LEAST_LIKENESS = 0.8
"""Of eyes and nose, between two pictures of one face."""
_EYES_AND_NOSE = slice(20, 72, 2), slice(10, 104, 2)
_FAINT = 4.0
"""Grey levels: of a face that shows no more than noise nothing is known."""


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A picture, and where the face is in it.

    Attributes:
        time_s: media time of the picture.
        grey: the picture, uint8, shape (height, width).
        face: in its pixels.
        crop: the face aligned as for the face tower, uint8, shape (112, 112).
    """

    time_s: float
    grey: NDArray[np.uint8]
    face: DetectedFace
    crop: NDArray[np.uint8]


class BurstFace:
    """Follows the face that a call is about through a burst; one picture waits at most.

    Args:
        detector: the call's own.
    """

    def __init__(self, detector: FaceDetector) -> None:
        self._detector = detector
        self._box: Box | None = None
        self._last: FoundFace | None = None
        self._waiting: VideoFrame | None = None
        self._seen_s = -math.inf

    def near(self, box: Box) -> None:
        """Say where the face is: x, y, width, height as fractions of the picture."""
        self._box = _place(self._box, box)

    def forget(self) -> None:
        """Another face, or pictures that did not follow on; what waits is gone."""
        self._box = self._last = self._waiting = None

    def see(self, frame: VideoFrame) -> list[FoundFace]:
        """Take the next picture.

        Returns:
            Where the face is in those pictures of which that is known now, in order of time.
        """
        if frame.time_s <= self._seen_s:
            return []
        self._seen_s = frame.time_s
        if self._may_wait(frame):
            self._waiting = frame
            return []
        found = self._searched(frame)
        before = self._waited(found)
        self._last = found
        if found is not None:
            self._box = _place(self._box, in_fractions(found.face.box, found.grey))
        return [*before, *([] if found is None else [found])]

    def settle(self) -> list[FoundFace]:
        """Search what waits, as nothing follows on it for now, and keep no picture."""
        found = self._waited(None)
        self._last = None
        return found

    def _may_wait(self, frame: VideoFrame) -> bool:
        """Whether a picture may be one between two that are searched."""
        last = self._last
        if last is None or self._waiting is not None or frame.prompted:
            return False
        return frame.time_s - last.time_s <= _SOON_S and frame.image.shape[:2] == last.grey.shape

    def _searched(self, frame: VideoFrame) -> FoundFace | None:
        """The followed face, near where it was last; where it is not, whichever is surest."""
        if self._box is None:
            return None
        near = in_pixels(self._box, frame.image)
        soon = self._last is not None and frame.time_s - self._last.time_s <= _APART_S
        search = self._detector.detect_next if soon else self._detector.detect_near
        # Whoever shakes what he shows must not be out of reach by it.
        faces = search(frame.image, near) or self._detector.detect(frame.image)
        return _found(frame, faces[0]) if faces else None

    def _waited(self, after: FoundFace | None) -> list[FoundFace]:
        frame, self._waiting = self._waiting, None
        if frame is None:
            return []
        found = None
        if self._last is not None and after is not None:
            found = _between(self._last, frame, after)
        found = found or self._searched(frame)
        return [] if found is None else [found]


def _between(before: FoundFace, frame: VideoFrame, after: FoundFace) -> FoundFace | None:
    """The face in a picture between two others; None where that says nothing of where it is."""
    apart_s = after.time_s - before.time_s
    if apart_s > _APART_S or before.grey.shape != after.grey.shape:
        return None
    found = _found(frame, _mixed(before.face, after.face, (frame.time_s - before.time_s) / apart_s))
    alike = all(_likeness(found, other) >= _LEAST_LIKENESS for other in (before, after))
    return found if alike else None


def _mixed(one: DetectedFace, other: DetectedFace, share: float) -> DetectedFace:
    """What lies between two faces, as near to the other as ``share`` says."""
    x, y, width, height = (
        float(a + share * (b - a)) for a, b in zip(one.box, other.box, strict=True)
    )
    landmarks = one.landmarks + np.float32(share) * (other.landmarks - one.landmarks)
    return DetectedFace((x, y, width, height), landmarks, min(one.score, other.score))


def _found(frame: VideoFrame, face: DetectedFace) -> FoundFace:
    grey = np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), np.uint8)
    return FoundFace(frame.time_s, grey, face, align(grey, face.landmarks))


def _place(before: Box | None, now: Box) -> Box:
    """Where to search next: as before while a face stays, as another part trembles otherwise.

    A picture that is held up must not seem to move by where it is searched.
    """
    if before is None:
        return now
    sides = np.array([before[2], before[3]])
    grown = np.array(now[2:]) - sides
    moved = np.array(now[:2]) - before[:2] + grown / 2
    return before if max(np.abs([moved, grown]).max(axis=0) / sides) < _STAYS else now


def _likeness(one: FoundFace, other: FoundFace) -> float:
    """Correlation of eyes and nose, -1 to 1; less where there is little to see."""
    a, b = (each.crop[_EYES_AND_NOSE].astype(np.float32).ravel() for each in (one, other))
    a -= a.mean()
    b -= b.mean()
    return float(a @ b / (np.sqrt((a @ a) * (b @ b)) + len(a) * _FAINT**2))
