"""How far what was put into a queue has gone, for those who wait until theirs has."""

from __future__ import annotations

import asyncio
from collections import deque


class Watermark:
    """Counts items in and out of a queue that keeps their order; used from the event loop only."""

    def __init__(self) -> None:
        self._in = 0
        self._out = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def enter(self) -> None:
        """Count an item in."""
        self._in += 1

    def leave(self, count: int = 1) -> None:
        """Count items out, and wake those who waited for them."""
        self._out += count
        self._let_pass(self._out)

    def wake(self) -> None:
        """Have nobody wait any longer."""
        self._let_pass(self._in)

    def _let_pass(self, through: int) -> None:
        while self._waiting and self._waiting[0][0] <= through:
            _, passed = self._waiting.popleft()
            if not passed.done():
                passed.set_result(None)

    async def passed(self) -> None:
        """Wait until all that is in by now is out, or `wake`. Safe to cancel."""
        if self._out >= self._in:
            return
        passed = asyncio.get_running_loop().create_future()
        self._waiting.append((self._in, passed))
        await passed
