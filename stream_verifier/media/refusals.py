"""Tells of media that came and was not taken: each stretch of it, and others of its kind amid."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from stream_verifier.media.types import REFUSED

_logger = logging.getLogger(__name__)
_CALM_S = 5.0
_AMID_S = 1.0
TOLD = REFUSED | {"decoder_behind", "out_of_order"}
"""What is a gap in the call. What else is refused says nothing about its media."""


class Refusals:
    """Follows counts of what was refused, and tells when a stretch of it begins.

    Where media of its kind is taken amid a stretch, it is told again each second: what is refused
    may be what others see or hear, and what is taken not.

    Args:
        tell: called with the kind of media, "audio" or "video", and the reason.
    """

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self._tell = tell
        self._counts: dict[tuple[str, str], int] = {}
        self._risen_s: dict[tuple[str, str], float] = {}
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def look(self, kind: str, counts: Mapping[str, int], now_s: float, *, taken: int) -> None:
        """Compare with the last look; call it about ten times a second.

        Args:
            kind: of media.
            counts: since the start, by reason.
            now_s: monotonic.
            taken: pieces of that kind that were taken since the start.
        """
        for reason, count in counts.items():
            key = kind, reason
            if reason not in TOLD or count == self._counts.get(key, 0):
                continue
            began = now_s - self._risen_s.get(key, -_CALM_S) >= _CALM_S
            told_s, taken_then = self._told.get(key, (now_s, taken))
            self._counts[key], self._risen_s[key] = count, now_s
            if began:
                _logger.warning("a call's %s is not taken: %s", kind, reason)
            if began or (taken > taken_then and now_s - told_s >= _AMID_S):
                self._told[key] = now_s, taken
                self._tell(kind, reason)
