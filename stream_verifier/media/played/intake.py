"""From sound and pictures as they are played to dated media in a call's inbox."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import av
import numpy as np

from stream_verifier.errors import MediaError
from stream_verifier.media.audio import LIVE_FILL_S, AudioNormaliser
from stream_verifier.media.delivery import Delivery
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.limits import Budget, MediaLimits
from stream_verifier.media.played.clock import PlayedClock
from stream_verifier.media.played.planes import Turn, frame_of_planes
from stream_verifier.media.refusals import Refusals
from stream_verifier.media.source import Mark
from stream_verifier.media.types import MediaGap, VideoFrame
from stream_verifier.media.video import VideoPicker

TOO_LARGE, TOO_MANY, GARBLED = "frame_too_large", "too_many_frames", "frame_garbled"
TOO_MUCH_SOUND, SOUND_GARBLED = "too_much_sound", "sound_garbled"
_NEXT_S = 0.001
"""After the picture before, where a stamp says that it was no later: all are shown as they come."""
_BURST_S = 3.0
_AHEAD_S = 0.2
"""Sound that lies further ahead of its arrival is more than there is time for."""
_LAYOUTS = {1: "mono", 2: "stereo"}


@dataclass(frozen=True, slots=True)
class PlayedPicture:
    """A picture that may be looked at.

    Attributes:
        data: see `frame_of_planes`; so are the next three.
        width, height, turn: see there.
        time_s: media time.
        arrived_s: monotonic.
    """

    data: bytes | bytearray | memoryview
    width: int
    height: int
    turn: Turn
    time_s: float
    arrived_s: float


class PlayedIntake:
    """Dates what is played, fits it to scoring and puts it into the inbox.

    Used on the event loop, but for `look`.

    Args:
        inbox: where sound, sampled pictures and gaps go.
        video_rate_hz: pictures per second of media that are scored.
        max_side_px: longer side of those, at most.
        limits: of pictures; what is more is dropped before it is looked at.
        chance: picks the pictures that are looked at; the system's entropy where None.
    """

    def __init__(
        self,
        *,
        inbox: MediaInbox,
        video_rate_hz: float = 2.0,
        max_side_px: int = 640,
        limits: MediaLimits | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self.clock = PlayedClock()
        self.frames = Counter[str]()
        self.refused = {"audio": Counter[str](), "video": Counter[str]()}
        self.picture_px: tuple[int, int] | None = None
        self._delivery = Delivery(inbox)
        self._limits = limits = limits or MediaLimits()
        self._pictures = Budget(limits.frames_per_s, burst_s=_BURST_S)
        self._pixels = Budget(limits.pixels_per_s, burst_s=_BURST_S)
        self._line = AudioNormaliser(fill_s=LIVE_FILL_S)
        self._picker = VideoPicker(
            rate_hz=video_rate_hz,
            max_side_px=max_side_px,
            chance=chance or random.SystemRandom(),
            burst=inbox.burst,
            sparing=lambda: inbox.behind,
        )
        self._refusals = Refusals(self._delivery.lack)
        self._heard_s = 0.0
        self._picture_s: float | None = None
        self._pauses: dict[str, str] = {}

    @property
    def mark(self) -> Mark | None:
        """Where media stands now; None before any came, here or over an earlier connection."""
        return self._delivery.mark(self.clock.origin_s)

    def carry_on(self, mark: Mark) -> None:
        """Go on where another connection stopped; before any media."""
        self.clock.carry_on(self._delivery.carry_on(mark), floor_s=mark.newest_s)

    def close(self) -> None:
        """Let nothing more into the inbox, whatever is still being looked at."""
        self._delivery.close()

    def pause(self, kind: str, reason: str) -> None:
        """Note that a stream pauses, and why; what comes next ends it."""
        self.clock.forget(kind)
        self._pauses[kind] = reason

    def take_sound(
        self, pcm: bytes | bytearray | memoryview, rate_hz: int, channels: int, arrived_s: float
    ) -> None:
        """Take a piece of sound.

        Args:
            pcm: int16 of this machine's byte order, channels interleaved.
            rate_hz: samples a second.
            channels: one or two.
            arrived_s: monotonic.
        """
        layout = _LAYOUTS.get(channels)
        if layout is None or rate_hz <= 0 or not len(pcm) or len(pcm) % (2 * channels):
            self._refuse("audio", SOUND_GARBLED, arrived_s)
            return
        seconds = len(pcm) / (2 * channels * rate_hz)
        time_s = self.clock.date("audio", self._heard_s, arrived_s)
        due_s = time_s if self._line.due_s is None else self._line.due_s
        if due_s - time_s > _AHEAD_S:
            self._refuse("audio", TOO_MUCH_SOUND, arrived_s)
            return
        time_s = max(time_s, due_s)
        self._heard_s += seconds
        self.frames["audio"] += 1
        frame = av.AudioFrame.from_ndarray(
            np.frombuffer(pcm, np.int16)[None, :], format="s16", layout=layout
        )
        frame.sample_rate = rate_hz
        reason = self._pauses.pop("audio", "network")
        self._delivery.give(self._line.push(frame, time_s, arrived_s=arrived_s, reason=reason))

    def date_picture(
        self,
        data: bytes | bytearray | memoryview,
        size: tuple[int, int],
        *,
        stamp_s: float,
        arrived_s: float,
        turn: Turn = 0,
    ) -> PlayedPicture | None:
        """See whether a picture may be looked at, and when it was; None where it may not.

        Args:
            data: see `frame_of_planes`.
            size: width and height, before it is turned.
            stamp_s: on a clock of the stream, whichever.
            arrived_s: monotonic.
            turn: see `Turn`.
        """
        width, height = size
        if not self._limits.fits(width, height):
            self._refuse("video", TOO_LARGE, arrived_s)
        elif not (
            self._pictures.take(1, arrived_s) and self._pixels.take(width * height, arrived_s)
        ):
            self._refuse("video", TOO_MANY, arrived_s)
        else:
            time_s = self.clock.date("video", stamp_s, arrived_s)
            if self._picture_s is not None:
                time_s = max(time_s, self._picture_s + _NEXT_S)
            self._picture_s = time_s
            return PlayedPicture(data, width, height, turn, time_s, arrived_s)
        return None

    def look(self, picture: PlayedPicture) -> list[VideoFrame | MediaGap]:
        """See whether a picture is to be scored; from any thread, one at a time.

        Raises:
            MediaError: it is none.
        """
        frame = frame_of_planes(picture.data, picture.width, picture.height, picture.turn)
        return self._picker.push(
            frame,
            picture.time_s,
            arrived_s=picture.arrived_s,
            reason=self._pauses.pop("video", "network"),
        )

    def take_looked_at(
        self, picture: PlayedPicture, found: list[VideoFrame | MediaGap] | MediaError
    ) -> None:
        """Take what `look` made of a picture, or why it made nothing."""
        if isinstance(found, MediaError):
            self._refuse("video", GARBLED, picture.arrived_s)
            return
        self.frames["video"] += 1
        width, height = picture.width, picture.height
        self.picture_px = (height, width) if picture.turn % 180 else (width, height)
        self._delivery.begin(picture.time_s)
        self._delivery.ends_s["video"] = picture.time_s
        self._delivery.give(found)

    def _refuse(self, kind: str, reason: str, now_s: float) -> None:
        self.refused[kind][reason] += 1
        self._refusals.look(kind, self.refused[kind], now_s, taken=self.frames[kind])
