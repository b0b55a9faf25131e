"""Keeps what was computed on disk: arrays by key, in one SQLite file."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


class ArrayCache:
    """Remembers arrays; a killed run costs at most what it was at.

    Args:
        path: the file, made with its folder; None to remember until the end of the program.
    """

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute("CREATE TABLE IF NOT EXISTS made (key TEXT PRIMARY KEY, value BLOB)")

    def get(self, key: str, make: Callable[[], Arrays]) -> Arrays:
        """The arrays of a key, made and kept where it is new."""
        row = self._file.execute("SELECT value FROM made WHERE key = ?", (key,)).fetchone()
        if row is not None:
            with np.load(io.BytesIO(row[0])) as found:
                return dict(found)
        made = make()
        packed = io.BytesIO()
        np.savez(packed, **made)  # type: ignore[arg-type]
        self._file.execute("INSERT OR REPLACE INTO made VALUES (?, ?)", (key, packed.getvalue()))
        return made

    def close(self) -> None:
        """Close the file."""
        self._file.close()
