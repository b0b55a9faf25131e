"""The evidence channel for presence: asks for bursts of pictures, and reads them beside windows."""

from __future__ import annotations

import math
from dataclasses import replace

from model.runtime.detect import FaceDetector
from model.runtime.moving import FAR_S
from stream_verifier.media.burst import BurstWish
from stream_verifier.media.types import OVERRUN, AudioChunk, MediaGap, MediaItem, VideoFrame
from stream_verifier.verify.channels.channel import Reading, Readings
from stream_verifier.verify.channels.presence.echo import Echoes
from stream_verifier.verify.channels.presence.models import PresenceModels
from stream_verifier.verify.channels.presence.pace import BURST_S, BurstPace, BurstTurns
from stream_verifier.verify.channels.presence.surface import Surroundings
from stream_verifier.verify.channels.presence.talk import Talk
from stream_verifier.windows.senses import Ears
from stream_verifier.windows.types import Window

SURFACE, MOUTH, LIPS, REPEAT = "surface", "mouth", "lips", "repeat"
NAMES = (SURFACE, MOUTH, LIPS, REPEAT)

_MOVES = 1.5
"""Nats for a mouth that moves from which on it does."""
_IN_DOUBT = -2.0
"""Nats of lips below which nobody is calm."""
_AT_REST = 3
"""Windows of speech in a row with the mouth at rest after which a calm call is looked at closer."""
_ENOUGH_SPEECH_S, _MUCH_SPEECH_S = 6.0, 8.0
"""Of lips that were read, where they fit, and where they say little either way."""
_LEAST_SPEECH_S = 0.3
_LEAST_PAIRS = 20
"""Of pictures, about two seconds of speech, before a mouth at rest is told."""
_SAME_SOUND, _NEW_SOUND = -6.0, 1.0
_FORGIVEN = 0.25
"""What one more stretch of new sound makes good, in nats."""


class PresenceChannel:
    """Says whether somebody is there whose mouth goes with the speech; an `EvidenceChannel`.

    Each of its readings is all that is known so far: its rows of the table do not add up.

    Args:
        models: shared by all calls.
        detector: the call's own.
        ears: those that cut the call's windows.
        burst: asks whoever decodes for pictures in quick succession.
        turns: of all calls' bursts while there is too little time; its own where None.
    """

    names = NAMES

    def __init__(
        self,
        *,
        models: PresenceModels,
        detector: FaceDetector,
        ears: Ears,
        burst: BurstWish,
        turns: BurstTurns | None = None,
    ) -> None:
        self._ears = ears
        self._burst = burst
        self._surface = Surroundings(models.surface)
        self._echoes = Echoes()
        self._talk = Talk(
            network=models.lips, calibration=models.calibration, detector=detector, ears=ears
        )
        self._track: int | None = None
        self._pace = BurstPace(turns)
        self._burst_until_s = -math.inf
        self._repeats = 0.0

    def take(self, item: MediaItem) -> None:
        """Hear all sound; see regular pictures, and those of bursts."""
        match item:
            case AudioChunk():
                self._echoes.hear(item)
                self._talk.hear(item)
            case VideoFrame():
                self._see(item)
            case MediaGap():
                self._miss(item)

    def sense(self, window: Window) -> tuple[Reading, ...]:
        """Say that there is a face to look at, and speech to compare it with."""
        face, both = window.face is not None, window.face is not None and window.speech_s > 0
        sensed = (face, both, both, window.speech_s > 0)
        return tuple(Reading(name, sensed=one) for name, one in zip(NAMES, sensed, strict=True))

    def forget(self) -> None:
        """Nothing: it knows nothing of the enrolled person."""

    def read(self, window: Window, *, wanted: frozenset[str], busy: bool = False) -> Readings:
        """Take in what came since the last window, and ask for more where it is wanted."""
        self._follow(window)
        self._talk.learn()
        self._ask(window, spared=busy)
        llrs = {
            SURFACE: self._surface_llr(window) if SURFACE in wanted else None,
            MOUTH: self._talk.moves if self._talk.pairs >= _LEAST_PAIRS else None,
            LIPS: self._talk.lips,
            REPEAT: self._repeat_llr(),
        }
        return Readings(tuple(replace(one, llr=llrs[one.channel]) for one in self.sense(window)))

    def _see(self, frame: VideoFrame) -> None:
        if not frame.burst:
            self._surface.see(frame)
        # Of a slow camera regular pictures are all that there is in a burst.
        if frame.burst or frame.time_s < self._burst_until_s:
            self._talk.see(frame)
        else:
            self._talk.rest()

    def _follow(self, window: Window) -> None:
        """Start anew with another face; know where this one is."""
        if (face := window.face) is None:
            return
        if face.track_id != self._track:
            if self._track is not None:
                self._surface.forget()
                self._talk.forget()
            self._track = face.track_id
        self._talk.glance(face, spoken=window.speech_s >= _LEAST_SPEECH_S)
        self._talk.near(face.box)

    def _miss(self, gap: MediaGap) -> None:
        # Between two pictures of a slow camera nothing is missing but what it never gave.
        if gap.reason == OVERRUN:
            self._talk.skip()
        elif gap.kind == "audio" or gap.reason == "reconnected" or gap.end_s - gap.start_s > FAR_S:
            self._talk.forget()
        if gap.kind == "audio":
            self._echoes.forget()

    def _ask(self, window: Window, *, spared: bool) -> None:
        """Ask for a burst while somebody speaks whose face is seen, as often as is worth it."""
        if window.face is None or window.speech_s < _LEAST_SPEECH_S:
            return
        if self._pace.due(window.end_s, calm=self._calm, doubted=self._talk.doubted, spared=spared):
            # One that comes so seldom is not given up for want of time.
            self._burst.ask(BURST_S, firm=spared)
            self._burst_until_s = window.end_s + BURST_S

    @property
    def _calm(self) -> bool:
        talk = self._talk
        if talk.lips is None or talk.moves < _MOVES or talk.resting >= _AT_REST:
            return False
        enough_s = _ENOUGH_SPEECH_S if talk.lips > 0 else _MUCH_SPEECH_S
        return talk.lips > _IN_DOUBT and talk.speech_s >= enough_s

    def _surface_llr(self, window: Window) -> float | None:
        return None if window.face is None else self._surface.judge(window.face, window.end_s)

    def _repeat_llr(self) -> float | None:
        before = self._echoes.heard_before(self._ears.speech_between)
        if before is None:
            return None
        self._repeats = _SAME_SOUND if before else min(_NEW_SOUND, self._repeats + _FORGIVEN)
        return self._repeats
