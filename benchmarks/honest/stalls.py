"""Whether the machine that measures kept up: a call of which it slept a part is no honest one."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

_TICK_S = 0.02


class Stalls:
    """How late the event loop was, over time."""

    def __init__(self) -> None:
        self._late: list[tuple[float, float]] = []

    def worst_s(self, since_s: float) -> float:
        """The longest standstill since a monotonic time."""
        return max((late_s for at_s, late_s in self._late if at_s >= since_s), default=0.0)

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch the running loop inside."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()

    async def _watch(self) -> None:
        while True:
            due_s = time.monotonic() + _TICK_S
            await asyncio.sleep(_TICK_S)
            if (late_s := time.monotonic() - due_s) > _TICK_S:
                self._late.append((time.monotonic(), late_s))
