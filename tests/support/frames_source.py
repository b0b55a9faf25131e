"""A list of frames as the source of a call: the least that a `MediaSource` is."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from stream_verifier.errors import MediaError
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import Mark, SourceRequest, SourceStats, StreamStats
from stream_verifier.media.types import AudioChunk, VideoFrame

STEP_S = 0.005

Frame = AudioChunk | VideoFrame


class FramesSource:
    """Puts one frame after the other into the inbox, sooner than media time would have it."""

    def __init__(self, frames: Sequence[Frame], *, inbox: MediaInbox) -> None:
        self.closed = asyncio.Event()
        self.mark: Mark | None = None
        self._frames = frames
        self._inbox = inbox
        self._before: Mark | None = None
        self._open = True
        self._counts: Counter[str] = Counter()
        self._playing: asyncio.Task[None] | None = None

    @property
    def stats(self) -> SourceStats:
        state = "closed" if self.closed.is_set() else "connected" if self._playing else "new"
        counts = self._counts.items()
        return SourceStats(state, True, {k: StreamStats(n, n, silent_s=0.0) for k, n in counts})

    def carry_on(self, mark: Mark) -> None:
        self.mark = self._before = mark

    async def start(self) -> str:
        if self._playing is not None or self.closed.is_set():
            raise MediaError("These frames were played already.")
        self._playing = asyncio.create_task(self._play())
        return ""

    def silence(self) -> None:
        self._open = False

    async def close(self) -> None:
        self.silence()
        self.closed.set()
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.wait({self._playing})

    async def _play(self) -> None:
        now_s = time.monotonic()
        origin_s = self._before.origin_at(now_s) if self._before else now_s
        ends_s = dict(self._before.ends_s) if self._before else {}
        for frame in self._frames:
            moved = frame.shifted(now_s - origin_s)
            gaps = self._before.gaps_until(moved.start_s) if self._before else []
            self._before = None
            for item in (*gaps, moved) if self._open else ():
                self._inbox.put(item)
            ends_s[frame.kind] = moved.end_s
            self.mark = Mark(origin_s, dict(ends_s))
            self._counts[frame.kind] += 1
            await asyncio.sleep(STEP_S)
        self.closed.set()


@dataclass(frozen=True)
class FramesFactory:
    """A `SourceFactory`: every call gets the same frames, whatever it offers."""

    frames: Sequence[Frame]

    def __call__(self, request: SourceRequest, inbox: MediaInbox) -> FramesSource:
        return FramesSource(self.frames, inbox=inbox)
