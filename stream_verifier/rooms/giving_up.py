"""Ends work that goes on by itself."""

from __future__ import annotations

import asyncio

_AGAIN_S = 0.5


async def give_up(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it is done.

    What it gives up on the way may fail, and that error takes the cancellation's place: whoever
    goes on after errors is then asked again.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_AGAIN_S)
