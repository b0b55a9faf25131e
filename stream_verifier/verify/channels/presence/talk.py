"""Does the mouth in the picture go with the speech: does it move, and do its lips say that?"""

from __future__ import annotations

import math

import cv2
import numpy as np

from model.runtime.detect import Box, FaceDetector
from model.runtime.lips import Agreement, LipCalibration, LipNetwork
from model.runtime.moving import MOVES_AT, MouthMotion, own_motion, prepared
from model.runtime.talking import TalkingHead
from model.types import Vector
from stream_verifier.media.types import AudioChunk, VideoFrame
from stream_verifier.verify.channels.presence.following import BurstFace, FoundFace
from stream_verifier.windows.senses import Ears
from stream_verifier.windows.types import FaceCrop

MOST_FOR, MOST_AGAINST = 3.0, 8.0
"""Nats that a mouth's motion comes to at most: what was long right must turn soon, and what was
wrong does not become right in a second or two."""
_LIPS_LIMIT = 8.0
_LATE_NATS, _LATE_FREE, _LATE_FROM_S = 5.0, 0.25, 4.0
"""Nats off for each deviation, beyond those that are free, by which sound fits better at another
moment, with so much speech; right sound fits best where it is."""
_AT_REST_NATS, _WRONG_NATS = -6.0, -4.0
"""Further off than what holds a call back."""
_LASTS_S = 20.0
"""Seconds of speech after which what lips said is worth a third."""


class Talk:
    """Follows one talking face through bursts of pictures, and all sound.

    Args:
        network: reads lips.
        calibration: what their agreement is worth.
        detector: finds the face again; the call's own.
        ears: know where speech is.
    """

    def __init__(
        self,
        *,
        network: LipNetwork,
        calibration: LipCalibration,
        detector: FaceDetector,
        ears: Ears,
    ) -> None:
        self._calibration = calibration
        self._face = BurstFace(detector)
        self._ears = ears
        self._head = TalkingHead(network)
        self._motion = MouthMotion()
        self._size: tuple[int, ...] = ()
        self._agreement = Agreement.nothing()
        self._glance: Vector | None = None
        self.resting = 0
        """Windows of speech in a row that show the mouth as in the one before."""
        self.pairs = 0.0
        """Pairs of pictures in speech that the mouth's motion was judged by."""
        self.moves = 0.0
        """Nats for a mouth that moves while somebody speaks."""
        self._lips: float | None = None

    @property
    def lips(self) -> float | None:
        """Nats for lips that say what is heard; None before anything is known."""
        return self._lips

    @property
    def speech_s(self) -> float:
        """Seconds of speech that lips were read in, as far as they count still."""
        return self._agreement.seconds

    @property
    def doubted(self) -> bool:
        """Whether the mouth is known not to go with the speech: looking on tells little."""
        return self.moves <= _AT_REST_NATS or (self._lips or 0.0) <= _WRONG_NATS

    def hear(self, chunk: AudioChunk) -> None:
        """Take all sound, in order."""
        self._head.hear(chunk.start_s, chunk.samples)

    def see(self, frame: VideoFrame) -> None:
        """Take a picture of a burst, or one that fell into it."""
        for found in self._face.see(frame):
            self._read(found)

    def rest(self) -> None:
        """Read what waits for the next picture: a burst is over, or broke off."""
        for found in self._face.settle():
            self._read(found)

    def glance(self, face: FaceCrop, *, spoken: bool) -> None:
        """Compare a window's face with the last one's: a hint for when to look closer."""
        grey = cv2.cvtColor(face.pixels, cv2.COLOR_RGB2GRAY)
        now, before = prepared(np.asarray(grey, np.uint8)), self._glance
        self._glance = now
        if spoken and before is not None:
            self.resting = self.resting + 1 if own_motion(now, before) <= MOVES_AT else 0

    def near(self, box: Box) -> None:
        """Say where the face is: x, y, width, height as fractions of the picture."""
        self._face.near(box)

    def forget(self) -> None:
        """Another face, or media that did not follow on: nothing that was for it counts any more.

        What was against it does, or whoever cuts from one picture to the next would be judged by
        none of them; and what came since it was last learned from is read first.
        """
        self.skip()
        self._face.forget()
        self._glance = None
        self.moves = min(0.0, self.moves)
        if (self._lips or 0.0) > 0:
            self._agreement, self._lips = Agreement.nothing(), None

    def skip(self) -> None:
        """Read what there is: some of what follows on it was not listened to."""
        self.rest()
        self.learn(last=True)
        self._head.forget()
        self._motion.forget()

    def learn(self, *, last: bool = False) -> None:
        """Take in what came since this was last called.

        Args:
            last: nothing follows on it: lips are read from a second on.
        """
        settled_s = self._ears.settled_s
        if settled_s is None:
            return
        nats, pairs = self._motion.evidence(self._speaks, until_s=settled_s)
        self.moves = min(MOST_FOR, max(-MOST_AGAINST, self.moves + nats))
        self.pairs += pairs
        new = self._head.agreement(self._speaks, last=last)
        if new.seconds > 0:
            kept = math.exp(-new.seconds / _LASTS_S)
            old = Agreement(self._agreement.totals * kept, self._agreement.counts * kept)
            self._agreement = old + new
            llr = self._calibration.llr(self._agreement)
            if self.speech_s >= _LATE_FROM_S:
                late = self._agreement.elsewhere(self._calibration.noise)
                llr -= _LATE_NATS * max(0.0, late - _LATE_FREE)
            self._lips = min(_LIPS_LIMIT, max(-_LIPS_LIMIT, llr))

    def _speaks(self, start_s: float, end_s: float) -> bool:
        return self._ears.speech_between(start_s, end_s) > (end_s - start_s) / 2

    def _read(self, found: FoundFace) -> None:
        if found.grey.shape != self._size:
            self._head.forget()  # it follows landmarks in pixels
            self._size = found.grey.shape
        self._head.see(found.time_s, found.grey, found.face)
        self._motion.see(found.time_s, found.crop)
