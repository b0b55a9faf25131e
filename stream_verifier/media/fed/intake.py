"""From the pieces of a feed to dated media in the call's inbox, and what is not taken of them."""

from __future__ import annotations

import random
import time
from collections import Counter

import av

from stream_verifier.decoded.frames import Picture, Sound
from stream_verifier.media.delivery import Delivery
from stream_verifier.media.fed.clock import FeedClock
from stream_verifier.media.fed.pictures import PictureReader, PictureRefusedError
from stream_verifier.media.fed.sound import SoundLine
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.refusals import Refusals
from stream_verifier.media.source import Mark
from stream_verifier.media.types import MediaGap, VideoFrame
from stream_verifier.media.video import VideoPicker

OUT_OF_ORDER = "out_of_order"
_PAUSE_S = 1.2
"""Between two pictures; bots send two a second, and not by the clock."""
_PAUSED, _JUMPED = "muted", "jump"


class Intake:
    """Dates what one connection feeds, fits it to scoring and puts it into the inbox.

    Used on the event loop, but for `look`.

    Args:
        inbox: where sound, sampled pictures and gaps go.
        audio_hz: samples of sound a second.
        video_rate_hz: pictures per second of media that are scored.
        max_side_px: longer side of those, at most.
        limits: how much is decoded.
        chance: picks the pictures that are looked at; the system's entropy where None.
    """

    def __init__(
        self,
        *,
        inbox: MediaInbox,
        audio_hz: int,
        video_rate_hz: float,
        max_side_px: int,
        limits: MediaLimits,
        chance: random.Random | None = None,
    ) -> None:
        self.clock = FeedClock()
        self.frames = Counter[str]()
        self.refused = {"audio": Counter[str](), "video": Counter[str]()}
        self._delivery = Delivery(inbox)
        self._sound = SoundLine(rate_hz=audio_hz)
        self._reader = PictureReader(limits, max_side_px=max_side_px)
        self._picker = VideoPicker(
            rate_hz=video_rate_hz,
            max_side_px=max_side_px,
            gap_s=_PAUSE_S,
            chance=chance or random.SystemRandom(),
            burst=inbox.burst,
            sparing=lambda: inbox.behind,
        )
        self._refusals = Refusals(self._delivery.lack)
        self._picture_s: float | None = None

    @property
    def mark(self) -> Mark | None:
        """Where media stands now; None before any came, here or over an earlier connection."""
        return self._delivery.mark(self.clock.origin_s)

    def carry_on(self, mark: Mark) -> None:
        """Go on where another connection stopped; before any media."""
        self.clock.carry_on(self._delivery.carry_on(mark), floor_s=mark.newest_s)

    def close(self) -> None:
        """Let nothing more into the inbox, whatever is still being decoded."""
        self._delivery.close()

    def refuse(self, kind: str, reason: str, now_s: float) -> None:
        """Count what is not taken, and tell where a stretch of it begins."""
        self.refused[kind][reason] += 1
        self._refusals.look(kind, self.refused[kind], now_s, taken=self.frames[kind])

    def take_sound(self, sound: Sound, arrived_s: float) -> None:
        """Take a piece of sound."""
        time_s, jumped = self.clock.date("audio", sound.at_s, arrived_s)
        items, whole = self._sound.push(
            sound.pcm,
            time_s,
            arrived_s=arrived_s,
            floor_s=self.clock.floor_s,
            reason=_JUMPED if jumped else _PAUSED,
        )
        if not whole:
            self.refuse("audio", OUT_OF_ORDER, arrived_s)
        self.frames["audio"] += 1
        self._delivery.give(items)

    def date_picture(self, picture: Picture, arrived_s: float) -> float | None:
        """A picture's media time; None where it is not after the one before it."""
        time_s, _ = self.clock.date("video", picture.at_s, arrived_s)
        floor_s = self.clock.floor_s if self._picture_s is None else self._picture_s
        if time_s < floor_s or time_s == self._picture_s:
            self.refuse("video", OUT_OF_ORDER, arrived_s)
            return None
        self._picture_s = time_s
        return time_s

    def look(self, image: bytes, time_s: float, arrived_s: float) -> list[VideoFrame | MediaGap]:
        """Decode a picture and see whether it is to be scored; from any thread, one at a time.

        Raises:
            PictureRefusedError: it is not decoded, or cannot be.
        """
        pixels = self._reader.read(image, time.monotonic())
        frame = av.VideoFrame.from_ndarray(pixels, format="bgr24")
        return self._picker.push(frame, time_s, arrived_s=arrived_s, reason=_PAUSED)

    def take_looked_at(
        self, found: list[VideoFrame | MediaGap] | PictureRefusedError, time_s: float
    ) -> None:
        """Take what `look` made of the picture at a media time, or why it made nothing."""
        if isinstance(found, PictureRefusedError):
            self.refuse("video", found.reason, time.monotonic())
            return
        self.frames["video"] += 1
        self._delivery.begin(time_s)
        self._delivery.ends_s["video"] = time_s
        self._delivery.give(found)
