"""Holds processes to a share of a processor, by the kernel's control groups."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

_PERIOD_US = 100_000
_V1 = Path("/sys/fs/cgroup/cpu")
_V2 = Path("/sys/fs/cgroup")
_GONE_S = 5.0


class Quota:
    """A control group whose processes together have so much time; made by `quota`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hold(self, pid: int) -> None:
        """Put a process, and what it starts from now on, under it."""
        (self._folder / "cgroup.procs").write_text(str(pid), encoding="ascii")


@contextlib.contextmanager
def quota(name: str, processors: float) -> Iterator[Quota]:
    """Make a group; it is gone afterwards, when its processes are.

    Args:
        name: of the group, unique on this machine.
        processors: how much of them it has, as a share of one.

    Raises:
        PermissionError: control groups cannot be made here: be root, and no container without them.
    """
    first = _V1 if (_V1 / "cpu.cfs_quota_us").exists() else _V2
    folder = first / f"{name}-{os.getpid()}"
    most_us = round(processors * _PERIOD_US)
    folder.mkdir()
    try:
        if first is _V1:
            (folder / "cpu.cfs_period_us").write_text(str(_PERIOD_US), encoding="ascii")
            (folder / "cpu.cfs_quota_us").write_text(str(most_us), encoding="ascii")
        else:
            (folder / "cpu.max").write_text(f"{most_us} {_PERIOD_US}", encoding="ascii")
        yield Quota(folder)
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    until_s = time.monotonic() + _GONE_S
    while True:
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.05)
        else:
            return
