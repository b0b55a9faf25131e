"""Files for their owner alone, which are on the disk before anybody relies on them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any


def create_private(path: Path) -> IO[bytes]:
    """Open a new file for writing, of mode 0600.

    Raises:
        FileExistsError: it is there.
    """
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def write_private(path: Path, content: bytes, *, new: bool = False) -> None:
    """Write a file of mode 0600 and bring it to the disk; none is left where that fails.

    Args:
        path: in a directory that is there.
        content: all of it.
        new: whether it must not be there yet.

    Raises:
        OSError: it cannot be written, or is there.
    """
    how = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if new else os.O_TRUNC)
    descriptor = os.open(path, how, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            to_disk(file)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def to_disk(file: IO[Any]) -> None:
    """Bring what was written to the disk."""
    file.flush()
    os.fsync(file.fileno())


def put_in_place(draft: Path, path: Path) -> None:
    """Rename a file over another in the same directory, and bring that to the disk.

    Raises:
        OSError: it cannot be done.
    """
    os.replace(draft, path)
    folder_to_disk(path.parent)


def folder_to_disk(path: Path) -> None:
    """Bring the names in a directory to the disk.

    Raises:
        OSError: it cannot be done.
    """
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
