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
_LEAST_LOOKS = 3
_EVEN, _MOST_A_LOOK = 3.0, 3.0
"""Log-odds, as the networks give them, of even odds, and how far off one look counts at most: faces
in good light come to 6 to 11, some people's to 4 with single looks below 1; what was shown on a
screen or on paper comes to -2 to 3."""
_MOST_FOR, _MOST_AGAINST = 4.0, 8.0
_CALM = 3.0
"""From which sum on looks are seldom."""
_DARK, _SOFT = 0.2, 40.0
"""Brightness and sharpness of a face below which nothing is said: in the dark, out of focus and in
a strong codec living faces look like attacks too."""


class Surroundings:
    """Looks at the best face of a window now and then, and adds up what the looks say.

    Now and then one look takes a living face for paper; look after look does so of paper and
    screens alone, which a cumulative sum tells apart (Page 1954).

    Args:
        check: judges one picture.
    """

    def __init__(self, check: PresentationCheck) -> None:
        self._check = check
        self._frames: deque[VideoFrame] = deque(maxlen=_KEPT_FRAMES)
        self._sum = 0.0
        self._looks = 0
        self._looked_s = -math.inf

    def see(self, frame: VideoFrame) -> None:
        """Keep a picture that a window may be made of; a few at most."""
        self._frames.append(frame)

    def forget(self) -> None:
        """Another face: what was for the last one counts no more, what was against it does."""
        if self._sum >= 0:
            self._sum, self._looks = 0.0, 0
        self._looked_s = -math.inf

    def judge(self, face: FaceCrop, now_s: float) -> float | None:
        """Look once if it is time to; say how far all looks speak for a face that is there itself.

        Args:
            face: of a picture that was seen.
            now_s: media time.

        Returns:
            -8 to 4, what the looks came to beyond even odds, not calibrated; None while there were
            too few.
        """
        calm = self._sum >= _CALM and self._looks >= _LEAST_LOOKS
        if now_s - self._looked_s >= (_CALM_EVERY_S if calm else _EVERY_S):
            self._look(face, now_s)
        return self._sum if self._looks >= _LEAST_LOOKS else None

    def _look(self, face: FaceCrop, now_s: float) -> None:
        image = next((one.image for one in self._frames if one.time_s == face.time_s), None)
        if image is None or not _says_something(face.quality):
            return
        self._looked_s = now_s
        self._looks += 1
        found = self._check.look(image, in_pixels(face.box, image)).log_odds - _EVEN
        worth = min(_MOST_A_LOOK, max(-_MOST_A_LOOK, found))
        self._sum = min(_MOST_FOR, max(-_MOST_AGAINST, self._sum + worth))


def _says_something(quality: FaceQuality) -> bool:
    return quality.brightness >= _DARK and quality.sharpness >= _SOFT
