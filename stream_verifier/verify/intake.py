"""What pipelines of calls and enrolments do alike with media that comes in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol

from stream_verifier.events.schema import Gap, MediaStarted, Payload
from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame
from stream_verifier.windows.types import Window


class Windows(Protocol):
    """Cuts a call's media into windows, as `WindowAssembler` does."""

    def feed(self, item: MediaItem) -> Iterable[Window]:
        """The windows that this item completes."""
        ...

    def flush(self) -> Iterable[Window]:
        """What is left at the end."""
        ...


class Feeding(Protocol):
    """A pipeline that is fed for as long as it takes, as files are."""

    def feed(self, item: MediaItem) -> list[Payload]:
        """Take one media item in and score all that it completes."""
        ...

    def finish(self) -> list[Payload]:
        """Use up what is left at the end of the media."""
        ...


class MediaProgress:
    """Where the call's media time stands, and what to tell of the media itself."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._started: set[str] = set()

    def advance(self, item: MediaItem) -> list[Payload]:
        """Move on to the end of an item; media time never runs backwards."""
        match item:
            case AudioChunk():
                self.now_s = max(self.now_s, item.end_s)
                return self._start("audio", item.start_s)
            case VideoFrame():
                self.now_s = max(self.now_s, item.time_s)
                return self._start("video", item.time_s)
            case MediaGap():
                self.now_s = max(self.now_s, item.end_s)
                return [_gap(item)]

    def _start(self, kind: Literal["audio", "video"], media_s: float) -> list[Payload]:
        if kind in self._started:
            return []
        self._started.add(kind)
        return [MediaStarted(media_s=media_s, kind=kind)]


def _gap(item: MediaGap) -> Gap:
    return Gap(
        media_s=item.end_s,
        kind="audio" if item.kind == "audio" else "video",
        start_s=item.start_s,
        end_s=item.end_s,
        reason=item.reason,
    )
