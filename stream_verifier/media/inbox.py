"""Where a live call's media waits for the worker: bounded, newest first to survive."""

from __future__ import annotations

import itertools
import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np

from stream_verifier.media.burst import BurstWish
from stream_verifier.media.types import (
    OVERRUN,
    REFUSED,
    SAMPLE_RATE_HZ,
    AudioChunk,
    MediaGap,
    MediaItem,
    VideoFrame,
)

LATE_S = 0.4
"""Media that has waited for longer came late to the worker, and is dropped before long."""
_MOST_PROMPTED = 6
"""All that a `LookBudget` has saved up, the one on display before and the regular one."""
_MOST_OF_BURST = 8
_BEHIND_FOR_S = 5.0
_PIECE_S = 0.1 + 1e-6
_SAME_S = 0.5 / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class InboxStats:
    """What an inbox had to let go so far.

    Attributes:
        audio_overruns: times that waiting audio was dropped because the worker came too late.
        audio_overrun_s: seconds of audio dropped so.
        video_frames: sampled frames put in.
        video_frames_dropped: of these, too old when the worker came, or replaced by a newer one
            before.
        burst_frames_dropped: pictures of bursts that there was no time for.
    """

    audio_overruns: int = 0
    audio_overrun_s: float = 0.0
    video_frames: int = 0
    video_frames_dropped: int = 0
    burst_frames_dropped: int = 0


class MediaInbox:
    """A thread-safe mailbox between the event loop and the worker.

    Audio is kept in order up to a bound; what overruns it is dropped oldest first and told as a
    `MediaGap` with reason "overrun". Of video only the newest frame is kept, and beside it the
    newest few that were looked at because the picture changed: no other stands for one of them.
    Of a burst, which is there to show motion, the newest few are kept, and none where the worker is
    behind.

    What has waited for too long by the time the worker comes is dropped likewise, down to the
    newest bit, so that what follows is whole for as long as can be.

    Args:
        max_audio_s: seconds of audio that may wait.
        stale_s: media that arrived longer ago is not worth the worker's time any more.
        keep_s: where any is, none is that arrived longer ago than this.
        behind_s: where media has waited for longer the worker is behind: a burst is given up, but
            for a firm one, and for a while there had better be fewer pictures.
        on_ready: called by `put`, outside the lock, when the inbox stops being empty. It may be
            assigned later too.

    Attributes:
        burst: asks whoever puts pictures in for many in quick succession.
        behind: whether whoever does had better give no more pictures than need be.
    """

    def __init__(
        self,
        *,
        max_audio_s: float = 10.0,
        stale_s: float = 0.7,
        keep_s: float = 0.1,
        behind_s: float = LATE_S,
        on_ready: Callable[[], None] | None = None,
    ) -> None:
        self.on_ready = on_ready
        self.burst = BurstWish()
        self.behind = False
        self._behind_s, self._behind_until_s = behind_s, -math.inf
        self._stale_s, self._keep_s = stale_s, keep_s
        self._max_samples = int(max_audio_s * SAMPLE_RATE_HZ)
        self._lock = threading.Lock()
        self._audio: deque[AudioChunk | MediaGap] = deque()
        self._video: VideoFrame | None = None
        self._prompted: deque[VideoFrame] = deque(maxlen=_MOST_PROMPTED)
        self._of_burst: deque[VideoFrame] = deque(maxlen=_MOST_OF_BURST)
        self._video_gap: MediaGap | None = None
        self._video_lost_s = 0.0
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

    def drain(self, now_s: float | None = None) -> list[MediaItem]:
        """Take out all that waits, in media-time order, small pieces of live sound joined.

        Args:
            now_s: monotonic, on the clock of the arrivals; what is stale by then is dropped. None
                takes out all that waits, however old.
        """
        with self._lock:
            if now_s is not None:
                self._drop_stale(now_s)
            items: list[MediaItem] = list(_in_larger_pieces(self._audio))
            items += [self._video_gap] if self._video_gap is not None else []
            items += [*self._looks(), *self._of_burst]
            self._audio.clear()
            self._prompted.clear()
            self._of_burst.clear()
            self._video = self._video_gap = None
            self._waiting_samples = 0
        return sorted(items, key=attrgetter("start_s"))

    def _looks(self) -> list[VideoFrame]:
        """Pictures that wait; the first has what was lost before those, too, that are dropped."""
        looks = [*([self._video] if self._video is not None else []), *self._prompted]
        if looks:
            looks[0] = replace(looks[0], lost_s=self._video_lost_s)
            self._video_lost_s = 0.0
        return looks

    def _empty(self) -> bool:
        waits = self._audio or self._prompted or self._of_burst
        return not waits and self._video is None and self._video_gap is None

    def _put_video(self, frame: VideoFrame) -> None:
        self._video_lost_s += frame.lost_s
        if frame.burst:
            self._let_go_of_burst(len(self._of_burst) == _MOST_OF_BURST)
            self._of_burst.append(frame)
            return
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
            self._overrun(lambda: self._waiting_samples > self._max_samples)

    def _drop_stale(self, now_s: float) -> None:
        late = self._late(now_s)
        if late:
            self._behind_until_s = now_s + _BEHIND_FOR_S
        self.behind = now_s < self._behind_until_s
        stale_s = now_s - self._stale_s
        if (sound := self._oldest_sound()) is not None and _arrived_before(sound, stale_s):
            fresh_from_s = now_s - self._keep_s
            self._overrun(lambda: _arrived_before(self._audio[0], fresh_from_s))
        # A burst costs more than all else, and is worth nothing without the sound beside it.
        given_up = late and bool(self._of_burst) and self.burst.give_up()
        self._drop_of_burst(math.inf if given_up else stale_s)
        self._drop_pictures(stale_s)

    def _late(self, now_s: float) -> bool:
        """Whether sound, or a picture of a burst, has waited for longer than is usual."""
        oldest = [*itertools.islice(self._of_burst, 1), self._oldest_sound()]
        return any(one and _arrived_before(one, now_s - self._behind_s) for one in oldest)

    def _oldest_sound(self) -> AudioChunk | None:
        return next((item for item in self._audio if isinstance(item, AudioChunk)), None)

    def _drop_of_burst(self, before_s: float) -> None:
        stale = sum(_arrived_before(one, before_s) for one in self._of_burst)
        for _ in range(stale):
            self._of_burst.popleft()
        self._let_go_of_burst(stale)

    def _drop_pictures(self, before_s: float) -> None:
        fresh = [one for one in self._prompted if not _arrived_before(one, before_s)]
        dropped = len(self._prompted) - len(fresh)
        self._prompted = deque(fresh, maxlen=_MOST_PROMPTED)
        if self._video is not None and _arrived_before(self._video, before_s):
            self._video = None
            dropped += 1
        dropped += self._stats.video_frames_dropped
        self._stats = replace(self._stats, video_frames_dropped=dropped)

    def _let_go_of_burst(self, count: int) -> None:
        dropped = self._stats.burst_frames_dropped + count
        self._stats = replace(self._stats, burst_frames_dropped=dropped)

    def _overrun(self, goes_on: Callable[[], bool]) -> None:
        """Replace the oldest audio by one gap, so that the worker knows what it did not hear.

        Gaps that are told already stay, as one: what comes after them may be somebody else's.
        """
        oldest = self._audio[0]
        new = not (isinstance(oldest, MediaGap) and oldest.reason == OVERRUN)
        told: MediaGap | None = None
        start_s = oldest.start_s
        end_s, dropped = start_s, 0
        while self._audio and (goes_on() or not end_s > start_s):
            item = self._audio.popleft()
            end_s = item.end_s
            if isinstance(item, AudioChunk):
                dropped += len(item.samples)
                self._waiting_samples -= len(item.samples)
            elif item.reason != OVERRUN:
                told = _joined(told, item)
        if told is not None:
            self._audio.appendleft(told)
        self._audio.appendleft(MediaGap("audio", start_s, end_s, OVERRUN))
        self._stats = replace(
            self._stats,
            audio_overruns=self._stats.audio_overruns + new,
            audio_overrun_s=self._stats.audio_overrun_s + dropped / SAMPLE_RATE_HZ,
        )


def _in_larger_pieces(audio: Iterable[AudioChunk | MediaGap]) -> Iterator[AudioChunk | MediaGap]:
    """Sound that follows on, joined: each piece costs what a larger one does.

    A joined piece arrived when its last part did.
    """
    parts: list[AudioChunk] = []
    for item in audio:
        if parts and not _goes_on(parts, item):
            yield _whole(parts)
            parts = []
        if isinstance(item, AudioChunk):
            parts.append(item)
        else:
            yield item
    if parts:
        yield _whole(parts)


def _goes_on(parts: Sequence[AudioChunk], item: AudioChunk | MediaGap) -> bool:
    if isinstance(item, MediaGap) or item.arrived_s is None:
        return False
    if _ways(item) != _ways(parts[-1]):
        return False
    follows = abs(item.start_s - parts[-1].end_s) < _SAME_S
    return follows and item.end_s - parts[0].start_s <= _PIECE_S


def _whole(parts: Sequence[AudioChunk]) -> AudioChunk:
    if len(parts) == 1:
        return parts[0]
    samples = np.concatenate([part.samples for part in parts])
    asides = [part.asides for part in parts if part.asides is not None]
    return AudioChunk(
        samples,
        parts[0].start_s,
        parts[-1].arrived_s,
        np.concatenate(asides) if asides else None,
        sum(part.lost_s for part in parts),
        sum(part.passed_over_s for part in parts),
    )


def _ways(chunk: AudioChunk) -> int:
    """In how many other ways it may be played."""
    return 0 if chunk.asides is None else chunk.asides.shape[1]


def _arrived_before(item: MediaItem, at_s: float) -> bool:
    """Whether it is older; a gap goes with what is before it."""
    if isinstance(item, MediaGap):
        return True
    return item.arrived_s is not None and item.arrived_s < at_s


def _joined(old: MediaGap | None, new: MediaGap) -> MediaGap:
    """One gap in place of two, for the reason that says more of what others see and hear."""
    if old is None:
        return new
    reason = max(new.reason, old.reason, key=_weight)
    return MediaGap(new.kind, old.start_s, new.end_s, reason)


def _weight(reason: str) -> int:
    return 2 if reason == "reconnected" else int(reason in REFUSED)
