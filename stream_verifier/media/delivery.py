"""From a source of media to the inbox of its call, where the source before it stopped."""

from __future__ import annotations

import time
from collections.abc import Iterable

from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import Mark
from stream_verifier.media.types import MediaGap, MediaItem


class Delivery:
    """Puts dated media into an inbox, and tells what was missing before the first of it.

    Used on the event loop.

    Args:
        inbox: of the call.
    """

    def __init__(self, inbox: MediaInbox) -> None:
        self.ends_s: dict[str, float] = {}
        """Media time at which each kind ended that has come; the source may set it."""
        self._inbox = inbox
        self._before: Mark | None = None
        self._begun = False
        self._open = True

    def mark(self, origin_s: float | None) -> Mark | None:
        """Where media stands now; None before any came, here or over an earlier source.

        Args:
            origin_s: monotonic time at which media time is 0; None where that is not known yet.
        """
        before_s = self._before.ends_s if self._before else {}
        if origin_s is None or not (before_s or self.ends_s):
            return None
        return Mark(origin_s, {**before_s, **self.ends_s})

    def carry_on(self, mark: Mark) -> float:
        """Go on where another source stopped; before any media.

        Returns:
            Monotonic time at which media time is 0 for this one.
        """
        self._before = mark
        return mark.origin_at(time.monotonic())

    def close(self) -> None:
        """Let nothing more into the inbox, whatever is still being decoded."""
        self._open = False

    def begin(self, time_s: float) -> None:
        """Tell of what is missing between two sources, before the first media of this one.

        Args:
            time_s: when that media begins.
        """
        if self._before is not None and not self._begun:
            for gap in self._before.gaps_until(time_s):
                self._put(gap)
        self._begun = True

    def give(self, items: Iterable[MediaItem]) -> None:
        """Put media into the inbox."""
        for item in items:
            if not isinstance(item, MediaGap):
                self.begin(item.start_s)
                self.ends_s[item.kind] = item.end_s
            self._put(item)

    def lack(self, kind: str, reason: str) -> None:
        """Tell that media of a kind comes and is not taken, and why."""
        at_s = max(self.ends_s.values(), default=0.0)
        self._put(MediaGap(kind, self.ends_s.get(kind, at_s), at_s, reason))

    def _put(self, item: MediaItem) -> None:
        if self._open:
            self._inbox.put(item)
