"""Does the picture around the face look like a screen or paper?"""

from __future__ import annotations

import math
from collections import deque

from model.runtime.presentation import PresentationCheck
from model.types import FaceQuality
from stream_verifier.media.types import VideoFrame
from stream_verifier.windows.faces import in_pixels
from stream_verifier.windows.types import FaceCrop

_KEPT_FRAMES = 3
_EVERY_S, _CALM_EVERY_S = 2.0, 6.0
_LOOKS = 5
_LEAST_LOOKS = 3
_EVEN = 3.0
"""Log-odds, as the networks give them, of even odds: faces in good light come to 6 to 11."""
_MOST = 4.0
_DARK, _SOFT = 0.2, 40.0
"""Brightness and sharpness of a face below which nothing is said: in the dark, out of focus and in
a strong codec living faces look like attacks too."""


class Surroundings:
    """Looks at the best face of a window now and then, and averages what the looks say.

    Args:
        check: judges one picture.
    """

    def __init__(self, check: PresentationCheck) -> None:
        self._check = check
        self._frames: deque[VideoFrame] = deque(maxlen=_KEPT_FRAMES)
        self._looks: deque[float] = deque(maxlen=_LOOKS)
        self._looked_s = -math.inf

    def see(self, frame: VideoFrame) -> None:
        """Keep a picture that a window may be made of; a few at most."""
        self._frames.append(frame)

    def forget(self) -> None:
        """Another face: looks that were for the last one count no more, the others do."""
        kept = [look for look in self._looks if look < _EVEN]
        self._looks.clear()
        self._looks.extend(kept)
        self._looked_s = -math.inf

    def judge(self, face: FaceCrop, now_s: float) -> float | None:
        """Look once if it is time to; say how far all looks speak for a face that is there itself.

        Args:
            face: of a picture that was seen.
            now_s: media time.

        Returns:
            Log-odds from -4 to 4, not calibrated; None while there were too few looks.
        """
        if now_s - self._looked_s >= (_EVERY_S if self._unclear else _CALM_EVERY_S):
            self._look(face, now_s)
        return self._standing

    @property
    def _standing(self) -> float | None:
        if len(self._looks) < _LEAST_LOOKS:
            return None
        middle = sorted(self._looks)[len(self._looks) // 2]
        return min(_MOST, max(-_MOST, middle - _EVEN))

    @property
    def _unclear(self) -> bool:
        return (self._standing or 0.0) < 1.0

    def _look(self, face: FaceCrop, now_s: float) -> None:
        image = next((one.image for one in self._frames if one.time_s == face.time_s), None)
        if image is None or not _says_something(face.quality):
            return
        self._looked_s = now_s
        box = in_pixels(face.box, image)
        self._looks.append(self._check.look(image, box).log_odds)


def _says_something(quality: FaceQuality) -> bool:
    return quality.brightness >= _DARK and quality.sharpness >= _SOFT
