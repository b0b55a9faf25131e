"""Looks for what must be nowhere, in every file of a folder, be it there for a moment only."""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

_EVERY_S = 0.005
_SLICE_BYTES = 24


def of_text(text: str) -> dict[str, bytes]:
    """A text as programs write it."""
    escaped = text.encode("unicode_escape")
    return {
        "UTF-8": text.encode(),
        "UTF-16": text.encode("utf-16-le"),
        "escaped": escaped,
        "base64": _base64(text.encode()),
    }


def of_vector(vector: NDArray[np.float32]) -> dict[str, bytes]:
    """The middle of a vector in every number format that a template may have."""
    middle = vector[len(vector) // 2 :][:_SLICE_BYTES]
    scaled = np.round(vector / np.abs(vector).max() * 127).astype(np.int8)
    return {
        "float32": middle[: _SLICE_BYTES // 4].astype("<f4").tobytes(),
        "big-endian": middle[: _SLICE_BYTES // 4].astype(">f4").tobytes(),
        "float64": middle[: _SLICE_BYTES // 8].astype("<f8").tobytes(),
        "float16": middle[: _SLICE_BYTES // 2].astype("<f2").tobytes(),
        "int8": scaled[len(scaled) // 2 :][:_SLICE_BYTES].tobytes(),
        "text": ", ".join(str(float(one)) for one in middle[:2]).encode(),
    }


def of_content(content: bytes) -> dict[str, bytes]:
    """Three places in a file's content, where it is least like any other."""
    places = (len(content) // 3, len(content) // 2, 2 * len(content) // 3)
    return {f"at {place}": content[place : place + _SLICE_BYTES] for place in places}


def _base64(content: bytes) -> bytes:
    return base64.b64encode(content)[: len(content) // 3 * 4]


class Scan:
    """Keeps what every file of a folder held at any time, in a thread of its own.

    Args:
        folder: with all within it.
    """

    def __init__(self, folder: Path) -> None:
        self.seen: dict[str, set[bytes]] = {}
        self._folder = folder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._known: dict[Path, tuple[int, int, int]] = {}

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Look once more, at all of it, and end."""
        self._stop.set()
        self._thread.join()
        self._known.clear()
        self._look()

    def found(self, needles: Mapping[str, bytes]) -> list[str]:
        """Which of these were anywhere, and where."""
        return [
            f"{what} in {name}"
            for what, needle in needles.items()
            for name, contents in self.seen.items()
            if any(needle in content for content in contents)
        ]

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            self._look()

    def _look(self) -> None:
        for path in self._folder.rglob("*"):
            with contextlib.suppress(OSError):
                stat = path.stat()
                stamp = stat.st_ino, stat.st_size, stat.st_mtime_ns
                if not path.is_file() or self._known.get(path) == stamp:
                    continue
                self._known[path] = stamp
                content = path.read_bytes()
                held = self.seen.setdefault(path.name, set())
                if path.suffix == ".log":
                    held.clear()  # it only grows
                held.add(content)
