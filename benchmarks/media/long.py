"""Recordings of hours: how much memory reading one takes as it goes on."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.media.making import run
from stream_verifier.media.file import FileSource

LONG = ("long_call.mkv", "long_call.mp4")
_LOOP_S = 14.0
_EVERY_S = 600.0
_MIB = 1 << 20


@dataclass(frozen=True)
class LongRead:
    """One file that was read from end to end.

    Attributes:
        file: its name.
        media_s: how long it is, by what was read of it.
        size_mib: how large.
        took_s: how long reading took.
        after_mib: resident memory of this process, every ten minutes of media, the first included.
        told_s: how long the file said it is, None if it did not.
    """

    file: str
    media_s: float
    size_mib: float
    took_s: float
    after_mib: list[float]
    told_s: float | None

    @property
    def grown_mib(self) -> float:
        """By how much memory grew after the first ten minutes, at most."""
        return max(self.after_mib) - self.after_mib[0]


def read_long(folder: Path, name: str, hours: float) -> LongRead:
    """Make a file of so many hours by repeating a clip, and read it all."""
    path = folder / name
    loops = round(hours * 3600 / _LOOP_S) - 1
    run(folder, f"-stream_loop {loops} -i probe.mp4 -c copy {name}")
    marks: list[float] = []
    began = time.monotonic()
    with FileSource(path) as source:
        for _ in source:
            if source.position_s >= (len(marks) + 1) * _EVERY_S:
                marks.append(_resident_mib())
        marks.append(_resident_mib())
        read = LongRead(
            name,
            source.position_s,
            path.stat().st_size / _MIB,
            time.monotonic() - began,
            marks,
            source.duration_s,
        )
    path.unlink()
    return read


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MIB
