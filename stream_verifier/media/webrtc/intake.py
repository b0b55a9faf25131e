"""From decoded frames of one connection to dated media in the call's inbox."""

from __future__ import annotations

import random
from typing import Any

import av

from stream_verifier.media.audio import LIVE_FILL_S, AudioNormaliser
from stream_verifier.media.delivery import Delivery
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.orientation import quarter_turns
from stream_verifier.media.source import Mark
from stream_verifier.media.video import VideoPicker
from stream_verifier.media.webrtc.aiortc_patches import AudioTap, VideoTap
from stream_verifier.media.webrtc.clock import MediaClock


class Intake:
    """Dates the frames of one connection, fits them to scoring and puts them into the inbox.

    Args:
        inbox: where audio, sampled frames and gaps go.
        video_rate_hz: frames per second of media that are scored.
        max_side_px: longer side of those, at most.
        chance: picks the frames that are looked at; the system's entropy where None.
    """

    def __init__(
        self,
        *,
        inbox: MediaInbox,
        video_rate_hz: float,
        max_side_px: int,
        chance: random.Random | None = None,
    ) -> None:
        self.clock = MediaClock()
        self.frames = {"audio": 0, "video": 0}
        self._delivery = Delivery(inbox)
        self._audio = AudioNormaliser(fill_s=LIVE_FILL_S)
        self._video = VideoPicker(
            rate_hz=video_rate_hz,
            max_side_px=max_side_px,
            chance=chance or random.SystemRandom(),
            burst=inbox.burst,
            sparing=lambda: inbox.behind,
            as_coded=True,
        )

    @property
    def mark(self) -> Mark | None:
        """Where media stands now; None before any came, here or over an earlier connection."""
        return self._delivery.mark(self.clock.origin_s)

    def carry_on(self, mark: Mark) -> None:
        """Go on where another connection stopped; call it before any media.

        Media time runs on by the time that was really away, so that evidence fades as it should.
        """
        self.clock.carry_on(self._delivery.carry_on(mark), floor_s=mark.newest_s)

    def close(self) -> None:
        """Let nothing more into the inbox, whatever is still being decoded."""
        self._delivery.close()

    def lack(self, kind: str, reason: str) -> None:
        """Tell that media of a kind comes and is not taken, and why."""
        self._delivery.lack(kind, reason)

    def take_sound(self, frame: Any, tap: AudioTap | VideoTap) -> None:
        """Take a decoded audio frame of an `aiortc_patches.AudioTap`."""
        if isinstance(frame, av.AudioFrame) and frame.pts is not None:
            time_s, arrived_s, reason = self._date("audio", frame.pts, tap)
            self._delivery.begin(time_s)
            self._delivery.give(
                self._audio.push(
                    frame,
                    time_s,
                    arrived_s=arrived_s,
                    reason=reason,
                    lost_s=tap.lost_s(frame.pts),
                    passed_over_s=tap.passed_over_s(),
                )
            )
            self._note_end("audio", self._audio.due_s)

    def take_picture(self, frame: Any, tap: AudioTap | VideoTap) -> None:
        """Take a decoded video frame of an `aiortc_patches.VideoTap`."""
        if isinstance(frame, av.VideoFrame) and frame.pts is not None:
            time_s, arrived_s, reason = self._date("video", frame.pts, tap)
            self._delivery.begin(time_s)
            anew = tap.begins_anew(frame.pts)
            self._delivery.give(
                self._video.push(
                    frame,
                    time_s,
                    arrived_s=arrived_s,
                    reason=reason,
                    anew=anew,
                    missed=tap.misses(frame.pts),
                    lies=quarter_turns(-tap.turns(frame.pts)),
                )
            )
            self._note_end("video", self._video.last_s)

    def _date(
        self, kind: str, ticks: int, tap: AudioTap | VideoTap
    ) -> tuple[float, float | None, str]:
        """Return a decoded frame's media time, arrival and why there was none before it."""
        self.frames[kind] += 1
        return self.clock.seconds(kind, ticks), tap.arrival_s(ticks), tap.pause_reason(ticks)

    def _note_end(self, kind: str, end_s: float | None) -> None:
        """Note how far a stream has come, whether its newest is scored or not."""
        if end_s is not None:
            self._delivery.ends_s[kind] = end_s
