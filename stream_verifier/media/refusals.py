"""Tells of media that came and was not taken, once a stretch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

_logger = logging.getLogger(__name__)
_CALM_S = 5.0
TOLD = {
    "frame_too_large",
    "frame_garbled",
    "too_many_frames",
    "too_many_packets",
    "too_much_sound",
    "sound_garbled",
    "second_source",
    "decoder_behind",
    "too_many_scans",
    "out_of_order",
}
"""What is a gap in the call. What else is refused says nothing about its media."""


class Refusals:
    """Follows counts of what was refused, and tells when a stretch of it begins.

    Args:
        tell: called with the kind of media, "audio" or "video", and the reason.
    """

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self._tell = tell
        self._counts: dict[tuple[str, str], int] = {}
        self._risen_s: dict[tuple[str, str], float] = {}

    def look(self, kind: str, counts: Mapping[str, int], now_s: float) -> None:
        """Compare with the last look; call it about ten times a second.

        Args:
            kind: of media.
            counts: since the start, by reason.
            now_s: monotonic.
        """
        for reason, count in counts.items():
            key = kind, reason
            if reason not in TOLD or count == self._counts.get(key, 0):
                continue
            began = now_s - self._risen_s.get(key, -_CALM_S) >= _CALM_S
            self._counts[key], self._risen_s[key] = count, now_s
            if began:
                _logger.warning("a call's %s is not taken: %s", kind, reason)
                self._tell(kind, reason)
