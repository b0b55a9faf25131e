"""When pictures in quick succession are worth what they cost."""

from __future__ import annotations

import math

from stream_verifier.media.limits import Budget

BURST_S = 3.5
"""Lips are read 3 s at a time, and steadied by a quarter of a second on either side."""
_FOLLOWS_S = BURST_S - 1.0
"""A second sooner than one ends, so that the next follows on it."""
_CALM_EVERY_S = _SPARED_EVERY_S = 20.0
_DOUBTED_EVERY_S = 10.0
_MOST, _ONE_EVERY_S = 12.0, 5.0
"""Bursts that may follow on each other, and how long it takes until there may be one more."""


class BurstPace:
    """As often as there is something to learn: a token bucket, and long pauses once it is known.

    Whoever stays unclear for long, by what he shows or by a fault of ours, costs the others no more
    than two thirds of what would be asked for.
    """

    def __init__(self) -> None:
        self._bursts = Budget(1 / _ONE_EVERY_S, burst_s=_MOST * _ONE_EVERY_S)
        self._last_s = -math.inf

    def due(
        self, now_s: float, *, calm: bool = False, doubted: bool = False, spared: bool = False
    ) -> bool:
        """Whether to ask now, and count it.

        Args:
            now_s: media time.
            calm: the mouth goes with the speech, and nothing hints that this has changed.
            doubted: it is known not to.
            spared: there is more to do than time; what is unclear waits then, but not for ever.
        """
        if now_s < self._last_s + _pause_s(calm, doubted, spared):
            return False
        if not self._bursts.take(1, now_s):
            return False
        self._last_s = now_s
        return True


def _pause_s(calm: bool, doubted: bool, spared: bool) -> float:
    if spared:
        return _SPARED_EVERY_S
    if calm:
        return _CALM_EVERY_S
    return _DOUBTED_EVERY_S if doubted else _FOLLOWS_S
