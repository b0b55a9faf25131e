"""Forks an interpreter that has had threads."""

from __future__ import annotations

import os
import time
from pathlib import Path

_TASKS = Path("/proc/self/task")
_PATIENCE_S = 60.0


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
