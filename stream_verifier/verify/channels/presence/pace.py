"""When pictures in quick succession are worth what they cost."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable

from stream_verifier.media.limits import Budget

BURST_S = 3.5
"""Lips are read 3 s at a time, and steadied by a quarter of a second on either side."""
_FOLLOWS_S = BURST_S - 1.0
"""A second sooner than one ends, so that the next follows on it."""
_CALM_EVERY_S = _SPARED_EVERY_S = 20.0
_DOUBTED_EVERY_S = 10.0
_MOST, _ONE_EVERY_S = 12.0, 5.0
"""Bursts that may follow on each other, and how long it takes until there may be one more."""
_CLAIM_S = 10.0
"""Whoever has not asked again for so long wants no turn any more."""


class BurstTurns:
    """Bursts by turns while there is too little time, so that they cost no more the more calls are.

    Who has waited for longest is next. Thread-safe; shared by all calls.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._claims: dict[Hashable, float] = {}
        self._free_s = -math.inf

    def take(self, claimant: Hashable) -> bool:
        """Whether it is this one's turn; asked again and again, and taken by the answer."""
        with self._lock:
            now_s = self._clock()
            self._claims[claimant] = now_s
            for one in [one for one, at_s in self._claims.items() if at_s < now_s - _CLAIM_S]:
                del self._claims[one]
            if now_s < self._free_s or next(iter(self._claims)) != claimant:
                return False
            del self._claims[claimant]
            self._free_s = now_s + BURST_S
            return True


class BurstPace:
    """As often as there is something to learn: a token bucket, and long pauses once it is known.

    Whoever stays unclear for long, by what he shows or by a fault of ours, costs the others no more
    than two thirds of what would be asked for.

    Args:
        turns: of all calls; its own where None.
    """

    def __init__(self, turns: BurstTurns | None = None) -> None:
        self._turns = turns or BurstTurns()
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
            spared: there is more to do than time; what is unclear waits then, for its turn.
        """
        if now_s < self._last_s + _pause_s(calm, doubted, spared):
            return False
        if spared and not self._turns.take(self):
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
