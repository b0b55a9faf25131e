"""Where a live call's media waits for the worker: bounded, newest first to survive."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import attrgetter

from stream_verifier.media.types import (
    SAMPLE_RATE_HZ,
    AudioChunk,
    MediaGap,
    MediaItem,
    VideoFrame,
)

_MOST_PROMPTED = 3


@dataclass(frozen=True, slots=True)
class InboxStats:
    """What an inbox had to let go so far.

    Attributes:
        audio_overruns: times that waiting audio was dropped because the worker came too late.
        audio_overrun_s: seconds of audio dropped so.
        video_frames: sampled frames put in.
        video_frames_dropped: of these, replaced by a newer one before the worker came.
    """

    audio_overruns: int = 0
    audio_overrun_s: float = 0.0
    video_frames: int = 0
    video_frames_dropped: int = 0


class MediaInbox:
    """A thread-safe mailbox between the event loop and the worker.

    Audio is kept in order up to a bound; what overruns it is dropped oldest first and told as a
    `MediaGap` with reason "overrun". Of video only the newest frame is kept, and beside it the
    newest few that were looked at because the picture changed: no other stands for one of them.

    Args:
        max_audio_s: seconds of audio that may wait.
        on_ready: called by `put`, outside the lock, when the inbox stops being empty. It may be
            assigned later too.
    """

    def __init__(
        self, *, max_audio_s: float = 10.0, on_ready: Callable[[], None] | None = None
    ) -> None:
        self.on_ready = on_ready
        self._max_samples = int(max_audio_s * SAMPLE_RATE_HZ)
        self._lock = threading.Lock()
        self._audio: deque[AudioChunk | MediaGap] = deque()
        self._video: VideoFrame | None = None
        self._prompted: deque[VideoFrame] = deque(maxlen=_MOST_PROMPTED)
        self._video_gap: MediaGap | None = None
        self._waiting_samples = 0
        self._stats = InboxStats()

    @property
    def stats(self) -> InboxStats:
        """Counts since the start."""
        return self._stats

    def put(self, item: MediaItem) -> None:
        """Add one item; never blocks for long and never fails."""
        with self._lock:
            was_empty = self._empty()
            if isinstance(item, VideoFrame):
                self._put_video(item)
            elif isinstance(item, MediaGap) and item.kind == "video":
                self._video_gap = _joined(self._video_gap, item)
            else:
                self._put_audio(item)
        if was_empty and self.on_ready is not None:
            self.on_ready()

    def drain(self) -> list[MediaItem]:
        """Take out all that waits, in media-time order."""
        with self._lock:
            items: list[MediaItem] = list(self._audio)
            items += [item for item in (self._video_gap, self._video) if item is not None]
            items += self._prompted
            self._audio.clear()
            self._prompted.clear()
            self._video = self._video_gap = None
            self._waiting_samples = 0
        return sorted(items, key=attrgetter("start_s"))

    def _empty(self) -> bool:
        waits = self._audio or self._prompted
        return not waits and self._video is None and self._video_gap is None

    def _put_video(self, frame: VideoFrame) -> None:
        full = len(self._prompted) == _MOST_PROMPTED if frame.prompted else self._video is not None
        dropped = self._stats.video_frames_dropped + full
        self._stats = replace(
            self._stats, video_frames=self._stats.video_frames + 1, video_frames_dropped=dropped
        )
        if frame.prompted:
            self._prompted.append(frame)
        else:
            self._video = frame

    def _put_audio(self, item: AudioChunk | MediaGap) -> None:
        self._audio.append(item)
        if isinstance(item, AudioChunk):
            self._waiting_samples += len(item.samples)
        if self._waiting_samples > self._max_samples:
            self._overrun()

    def _overrun(self) -> None:
        """Replace the oldest audio by one gap, so that the worker knows what it did not hear."""
        oldest = self._audio[0]
        new = not (isinstance(oldest, MediaGap) and oldest.reason == "overrun")
        start_s = oldest.start_s
        end_s, dropped = start_s, 0
        while self._audio and (self._waiting_samples > self._max_samples or not end_s > start_s):
            item = self._audio.popleft()
            end_s = item.end_s
            if isinstance(item, AudioChunk):
                dropped += len(item.samples)
                self._waiting_samples -= len(item.samples)
        self._audio.appendleft(MediaGap("audio", start_s, end_s, "overrun"))
        self._stats = replace(
            self._stats,
            audio_overruns=self._stats.audio_overruns + new,
            audio_overrun_s=self._stats.audio_overrun_s + dropped / SAMPLE_RATE_HZ,
        )


def _joined(old: MediaGap | None, new: MediaGap) -> MediaGap:
    return new if old is None else replace(new, start_s=old.start_s)
