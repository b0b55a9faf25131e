"""How often calls are opened and media fetched anew, whatever those in a room do."""

from __future__ import annotations

import asyncio
import time

from stream_verifier.access.limiter import Buckets

_BURST, _REFILL_S = 4, 15.0
_ROOM_BURST, _ROOM_REFILL_S = 20, 0.5


class Pace:
    """One a room: a publisher who comes and goes without end makes nobody else wait for long."""

    def __init__(self) -> None:
        self._each = Buckets(burst=_BURST, refill_s=_REFILL_S)
        self._all = Buckets(burst=_ROOM_BURST, refill_s=_ROOM_REFILL_S)

    async def turn(self, whose: str) -> None:
        """Wait for a turn.

        Args:
            whose: of one person, or one feed.
        """
        while (wait_s := self._wait_s(whose, time.monotonic())) > 0:  # noqa: ASYNC110 (a clock)
            await asyncio.sleep(wait_s)
        now_s = time.monotonic()
        self._each.take(whose, 1.0, now_s)
        self._all.take("", 1.0, now_s)

    def _wait_s(self, whose: str, now_s: float) -> float:
        return max(self._each.wait_s(whose, now_s), self._all.wait_s("", now_s))
