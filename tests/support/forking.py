"""Forks: of an interpreter that has had threads, and of one that all tests share."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path

_TASKS = Path("/proc/self/task")
_PATIENCE_S = 60.0
_TOGETHER_S = 550.0
_APART = multiprocessing.get_context("forkserver")
_APART.set_forkserver_preload(
    [f"tests.support.killed_{what}" for what in ("log", "move", "rotation", "store", "trail")]
)


def fork() -> int:
    """Fork once no other thread is left; returns as `os.fork`.

    A thread that Python has joined may still be on its way out, in what OpenSSL does at its end,
    and hold a lock there: a child that is forked meanwhile waits for that lock for ever.
    """
    until_s = time.monotonic() + _PATIENCE_S
    while _TASKS.is_dir() and len([*_TASKS.iterdir()]) > 1:
        assert time.monotonic() < until_s, "a thread goes on"
        time.sleep(0.001)
    return os.fork()


def run_apart(main: Callable[..., object], *given: object, said: Path) -> int | None:
    """Run a function in a process of its own, which may be killed.

    It is forked from an interpreter that has imported the stores once for all tests, and has no
    threads: to start one takes longer than most of what is tried.

    Args:
        main: of a module.
        given: its arguments.
        said: file for all that the process prints.

    Returns:
        Its exit code, negative for the signal that killed it; None where it had to be ended.
    """
    process = _APART.Process(target=_run, args=(said, main, given))
    process.start()
    process.join(_TOGETHER_S)
    ended = process.exitcode
    process.kill()
    process.join()
    return ended


def _run(said: Path, main: Callable[..., object], given: tuple[object, ...]) -> None:
    with said.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    main(*given)
