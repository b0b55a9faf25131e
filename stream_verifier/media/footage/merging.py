"""Puts the items of sound and picture into one order, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame

_LATE_S = 0.4
"""Items this much out of order are no trouble to anybody."""


class Merger:
    """Holds back what a slower track may still precede.

    Attributes:
        late: items that came too late to be put in order.

    Args:
        max_bytes: held back at most; where one track ends long before the other, or the file has
            one behind the other, the rest is let go in the order it comes.
    """

    def __init__(self, *, max_bytes: int = 64 << 20) -> None:
        self.late = 0
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._waiting: dict[str, deque[MediaItem]] = {}
        self._reached_s: dict[str, float] = {}
        self._given_s = 0.0

    def begin(self, kinds: list[str]) -> None:
        """Wait for these kinds from now on, and for no others."""
        self._reached_s = {kind: self._reached_s.get(kind, -1.0) for kind in kinds}

    def put(self, kind: str, items: list[MediaItem], reached_s: float) -> None:
        """Take a track's next items; nothing of it will come before ``reached_s`` any more."""
        self._waiting.setdefault(kind, deque()).extend(items)
        self._held_bytes += sum(map(_bytes_of, items))
        self._reached_s[kind] = max(self._reached_s.get(kind, -1.0), reached_s)

    def ready(self, *, ended: bool = False) -> Iterator[MediaItem]:
        """Yield what is in order; all that is left where the media has ended."""
        while any(self._waiting.values()):
            time_s, kind = min((time_of(q[0]), kind) for kind, q in self._waiting.items() if q)
            others = (at_s for other, at_s in self._reached_s.items() if other != kind)
            waits = time_s > min(others, default=float("inf"))
            if waits and not ended and self._held_bytes <= self._max_bytes:
                return
            item = self._waiting[kind].popleft()
            self._held_bytes -= _bytes_of(item)
            # A gap is known at its end only.
            known_s = item.end_s if isinstance(item, MediaGap) else time_s
            self.late += known_s < self._given_s - _LATE_S
            self._given_s = max(self._given_s, time_s)
            yield item


def time_of(item: MediaItem) -> float:
    """When an item begins."""
    return item.time_s if isinstance(item, VideoFrame) else item.start_s


def _bytes_of(item: MediaItem) -> int:
    match item:
        case AudioChunk():
            return item.samples.nbytes
        case VideoFrame():
            return item.image.nbytes
        case MediaGap():
            return 0
