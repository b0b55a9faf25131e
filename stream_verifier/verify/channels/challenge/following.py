"""Follows the face that is asked through pictures in quick succession, and sees where it is cut."""

from __future__ import annotations

import math

from model.runtime.detect import Box, DetectedFace, FaceDetector
from stream_verifier.media.types import VideoFrame
from stream_verifier.windows.appearance import Appearance, appearance
from stream_verifier.windows.faces import align, in_fractions, in_pixels
from stream_verifier.windows.tracks import overlap

_SOON_S = 0.2
_LEAST_OVERLAP = 0.3
_LEAST_LIKENESS = 0.3
"""From one picture to the next; a head that turns fast is less like itself than one at rest."""


class FaceFollower:
    """Finds one face again in picture after picture.

    Args:
        detector: the call's own.
    """

    def __init__(self, detector: FaceDetector) -> None:
        self._detector = detector
        self._box: Box | None = None
        self._look: Appearance | None = None
        self._seen_s = -math.inf
        self.leaps = 0
        """Times that the face was elsewhere, or another, from one picture to the next."""
        self.missed = 0
        """Pictures without it."""

    @property
    def known(self) -> bool:
        """Whether it has been found."""
        return self._box is not None

    def near(self, box: Box) -> None:
        """Say where it is, in fractions of the picture, where that is not known yet."""
        if self._look is None:
            self._box = box

    def find(self, frame: VideoFrame) -> DetectedFace | None:
        """Find it in the next picture."""
        face = self._found(frame)
        if face is None:
            self.missed += 1
            return None
        box = in_fractions(face.box, frame.image)
        look = appearance(align(frame.image, face.landmarks))
        if self._look is not None and self._box is not None:
            soon = frame.time_s - self._seen_s <= _SOON_S
            away = overlap(box, self._box) < _LEAST_OVERLAP
            # A face without any edge looks like nothing, and says nothing.
            plain = not (look.any() and self._look.any())
            other = not plain and float(look @ self._look) < _LEAST_LIKENESS
            self.leaps += soon and (away or other)
        self._box, self._look, self._seen_s = box, look, frame.time_s
        return face

    def _found(self, frame: VideoFrame) -> DetectedFace | None:
        if self._box is not None:
            faces = self._detector.detect_near(frame.image, in_pixels(self._box, frame.image))
            if faces:
                return faces[0]
        faces = self._detector.detect(frame.image)
        # The one who is asked is the nearest to the camera.
        return max(faces, key=lambda face: face.box[2] * face.box[3], default=None)
