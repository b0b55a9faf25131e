"""Keeps what is in this process's memory from ending up in a file."""

from __future__ import annotations

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4


def leave_no_core_dump() -> None:
    """Have a crash write nothing: faces, voices, keys and tokens are in memory.

    The limit covers files, the mark of the process (Linux) also what a handler of the system would
    be given, and keeps others of the same user from reading the memory. Child processes inherit
    the limit; one that runs another program sets the mark itself.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
