"""Where a frame is searched for faces: near the one followed, and every few looks all over."""

from __future__ import annotations

from stream_verifier.media.types import VideoFrame
from stream_verifier.windows.faces import Box, DetectedFace, FaceDetector
from stream_verifier.windows.tracks import overlap

_SURE = 0.8
"""A face that is less surely found near its last place is looked for all over."""
_SPARED_EVERY = 3
"""Looks of which one is at all of the frame, where the worker is behind."""
_LEAST_OVERLAP = 0.35
"""Of a face's boxes in two looks. One that has moved further may be cut by what was searched."""


class FaceSearch:
    """Finds the faces of a call's frames, at a third of the cost where one person sits still.

    All of a frame is searched unless the last look showed one face alone, surely, and this one
    shows it near its last place; whenever the picture did not go on as before; and at least every
    ``whole_every`` looks, so that whoever joins is seen with the next of those. Beside a second
    face each look is at the whole frame.

    Args:
        detector: finds faces.
        whole_every: looks; 1 to search near no face but in pictures of a worker that is behind,
            of which one in three is.
        within_s: a face that was seen longer ago is looked for all over.
    """

    def __init__(
        self, detector: FaceDetector, *, whole_every: int = 3, within_s: float = 1.1
    ) -> None:
        self._detector = detector
        self._whole_every = whole_every
        self._within_s = within_s
        self._last_box: Box | None = None
        self._seen_s = 0.0
        self._size = (0, 0)
        self._looks_near = 0

    def reset(self) -> None:
        """Know of no face: frames were lost."""
        self._last_box = None

    def faces(self, frame: VideoFrame) -> list[DetectedFace]:
        """Find the faces of the next frame, the surest first, as ``FaceDetector.detect`` does."""
        found = self._near(frame)
        if found is None:
            found = self._detector.detect(frame.image)
            self._looks_near = 0
        else:
            self._looks_near += 1
        alone = len(found) == 1 and found[0].score >= _SURE
        self._last_box = found[0].box if alone else None
        self._seen_s, self._size = frame.time_s, frame.image.shape[:2]
        return found

    def _near(self, frame: VideoFrame) -> list[DetectedFace] | None:
        """The one face near its last place; None where all of the frame is to be searched."""
        last = self._last_box
        every = max(self._whole_every, _SPARED_EVERY if frame.spared else 1)
        if last is None or frame.prompted or self._looks_near + 1 >= every:
            return None
        away_s = frame.time_s - self._seen_s
        if frame.image.shape[:2] != self._size or not 0 <= away_s <= self._within_s:
            return None
        found = self._detector.detect_near(frame.image, last)
        same = len(found) == 1 and found[0].score >= _SURE
        return found if same and overlap(found[0].box, last) >= _LEAST_OVERLAP else None
