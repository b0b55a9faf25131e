"""Kills processes in the middle of changing a store.

For each action and point a store is made in the folder, ada enrolled in it, and the action done by
a process that kills itself at that point, as a power cut would. One process forks them all.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from stream_verifier.identities.books import Books
from stream_verifier.identities.ledger_file import LedgerFile
from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support.forking import fork
from tests.support.old_store import write_old_store
from tests.support.places import is_on_server
from tests.support.stores import CONSENT, backup, made_reference, store_at

BEFORE = "before"

Action = Callable[[SqliteIdentityStore], Coroutine[Any, Any, object]]

ACTIONS: dict[str, Action] = {
    "add": lambda store: store.add("grace", made_reference(2), CONSENT),
    "replace": lambda store: store.add("ada", made_reference(2), CONSENT, replace=True),
    "delete": lambda store: store.delete("ada"),
}
POINTS: dict[str, tuple[type, str, bool]] = {
    "before it is begun": (LedgerFile, "begin", False),
    "when it is drafted": (LedgerFile, "_put_in_place", False),
    "when it is begun": (LedgerFile, "begin", True),
    "when the database has it": (LedgerFile, "finish", False),
    "when it is settled": (LedgerFile, "finish", True),
}
MIGRATION_POINTS = {
    "before the ledger": (LedgerFile, "write", False),
    "before the database": (LedgerFile, "write", True),
    "when all is done": (Books, "_prepare", True),
}


def path_of(folder: Path, action: str, point: str) -> Path:
    """Where the store of an action that was killed at a point lies."""
    return folder / action / point / "identities.db"


def main(folder: Path) -> None:
    for action in ACTIONS:
        for point in POINTS:
            path = path_of(folder, action, point)
            asyncio.run(_begin(path))
            _killed(path, POINTS[point], ACTIONS[action])
    for point in [] if is_on_server(path) else MIGRATION_POINTS:
        path = folder / "migrate" / point / "identities.db"
        write_old_store(path, {"ada": 1, "grace": 2})
        _killed(path, MIGRATION_POINTS[point], lambda store: store.list())


async def _begin(path: Path) -> None:
    store = store_at(path)
    await store.add("ada", made_reference(1), CONSENT)
    await store.close()
    backup(path, to=path.parent / BEFORE)


def _killed(path: Path, point: tuple[type, str, bool], action: Action) -> None:
    child = fork()
    if child == 0:
        try:
            _kill_at(*point)
            asyncio.run(_do(path, action))
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, (path, status)


async def _do(path: Path, action: Action) -> None:
    await action(store_at(path))


def _kill_at(owner: type, name: str, after: bool) -> None:
    whole = getattr(owner, name)

    def kill(result: object = None) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def killed(*args: Any, **kwargs: Any) -> Any:
        if not after:
            kill()
        result = whole(*args, **kwargs)
        if asyncio.iscoroutine(result):
            return _then(result, kill)
        kill()
        return None

    setattr(owner, name, killed)


async def _then(work: Coroutine[Any, Any, object], kill: Callable[[], None]) -> None:
    await work
    kill()
