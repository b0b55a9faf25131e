"""Kills a rotation of keys between two of its steps."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from stream_verifier.identities import batches
from tests.support.stores import KEY, OTHER_KEY, store_at

BATCH = 3


def main(path: Path, kill_at: int) -> None:
    """Rotate the keys of a store, a few people at a time, and be killed after so many steps."""
    batches.SIZE = BATCH
    steps = 0

    def kill(done: int, total: int) -> None:
        nonlocal steps
        steps += 1
        if steps == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(store_at(path, OTHER_KEY, KEY).rotation().run(kill))
