"""Kills migrations in the middle of a transaction.

For each point a store of four people is made in the folder, and moved, two people in a transaction,
by a process that kills itself there, in the second transaction.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from stream_verifier.audit.sql_trail import SqlAuditTrail
from stream_verifier.identities import batches
from stream_verifier.identities.moving import Moving
from tests.support.adapters import adapters
from tests.support.forking import fork
from tests.support.stores import CONSENT, made_reference, store_at

PEOPLE, BATCH, AT = 4, 2, 2
POINTS: tuple[tuple[type, str, bool], ...] = (
    (Moving, "_write", False),
    (SqlAuditTrail, "write", False),
    (SqlAuditTrail, "write", True),
    (Moving, "_write", True),
)


def paths(folder: Path) -> list[Path]:
    """Where the stores lie, one for each point."""
    return [folder / str(number) / "identities.db" for number in range(len(POINTS))]


def main(folder: Path) -> None:
    for path, point in zip(paths(folder), POINTS, strict=True):
        asyncio.run(_begin(path))
        child = fork()
        if child == 0:
            try:
                _kill_at(*point)
                asyncio.run(_move(path))
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, (path, status)


async def _begin(path: Path) -> None:
    store = store_at(path)
    for seed in range(PEOPLE):
        await store.add(f"person {seed}", made_reference(seed), CONSENT)
    await store.close()


async def _move(path: Path) -> None:
    batches.SIZE = BATCH
    await store_at(path).moving(adapters()).run()


def _kill_at(owner: type, name: str, after: bool) -> None:
    """Before or after what is done for the second time."""
    whole: Callable[..., Coroutine[Any, Any, object]] = getattr(owner, name)
    calls = 0

    async def killed(*given: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls == AT and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = await whole(*given, **named)
        if calls == AT:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, killed)
