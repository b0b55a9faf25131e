"""How many files a process may have open."""

from __future__ import annotations

import resource

_WITHOUT_LIMIT = 65_536


def most_open_files() -> int:
    """How many there may be once `raise_open_files` was called: a shell's own limit is lower."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _WITHOUT_LIMIT if hard == resource.RLIM_INFINITY else hard


def raise_open_files() -> int:
    """Have as many as can be had, and return how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = most_open_files()
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most
