"""The end of a source, which several may ask for and nobody may break off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Closing:
    """Ends something once, to its end, whoever waits for it and is cancelled meanwhile.

    Args:
        end: called once.
    """

    def __init__(self, end: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._end = end
        self._task: asyncio.Task[None] | None = None

    @property
    def begun(self) -> bool:
        """Whether anybody has asked for it."""
        return self._task is not None

    async def __call__(self) -> None:
        """Ask for the end, and wait for it."""
        if self._task is None:
            self._task = asyncio.create_task(self._end())
        await asyncio.shield(self._task)
