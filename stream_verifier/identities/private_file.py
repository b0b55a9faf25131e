"""Files for their owner alone, which are on the disk before anybody relies on them.

What root makes in another user's folder is that user's, as with SQLite's journals: a command by
``sudo`` beside a service must not leave files which that service cannot read.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from model.errors import DISK_FULL


def create_private(path: Path) -> IO[bytes]:
    """Open a new file for writing, of mode 0600.

    Raises:
        FileExistsError: it is there.
    """
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@contextlib.contextmanager
def new_private(path: Path) -> Iterator[IO[bytes]]:
    """A new file of mode 0600 to write, on the disk at the end; none is left where that fails.

    Raises:
        FileExistsError: it is there.
        OSError: it cannot be written.
    """
    with create_private(path) as file:
        try:
            yield file
            to_disk(file)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def open_private(path: Path) -> int:
    """Open a file for reading and writing, made with mode 0600 if it is not there.

    Raises:
        OSError: it cannot be opened or made.
    """
    with contextlib.suppress(FileExistsError):
        return _made(path, os.O_RDWR)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def private_folder(path: Path) -> None:
    """Make a directory of mode 0700, and those above it, where they are not there.

    Raises:
        OSError: it cannot be made.
    """
    if path.is_dir():
        return
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):  # by another process, just now
        path.mkdir(mode=0o700)
        if (owner := _owner_beside_root(path)) is not None:
            os.chown(path, *owner, follow_symlinks=False)


def write_private(path: Path, content: bytes, *, new: bool = False) -> None:
    """Write a file of mode 0600 and bring it to the disk; none is left where that fails.

    Args:
        path: in a directory that is there.
        content: all of it.
        new: whether it must not be there yet.

    Raises:
        OSError: it cannot be written, or is there.
    """
    if not new:
        path.unlink(missing_ok=True)
    descriptor = _made(path, os.O_WRONLY)
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


def put_if_new(draft: Path, path: Path) -> None:
    """Give a file another name in the same directory, unless something has it.

    Its first name may be left: whoever made it removes it.

    Raises:
        FileExistsError: something has that name.
        OSError: it cannot be done.
    """
    try:
        os.link(draft, path)  # unlike a rename it never replaces anything
    except FileExistsError:
        raise
    except OSError:  # file systems of sticks and shares have no second names: keep it free first
        create_private(path).close()
        os.replace(draft, path)


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


def disk_remedy(error: OSError, otherwise: str) -> str:
    """What to do about a file that cannot be written, in words.

    Args:
        error: what the system said of it.
        otherwise: the remedy where there is room on the disk.
    """
    return "free some space and try again" if error.errno in DISK_FULL else otherwise


def _made(path: Path, how: int) -> int:
    """Make a file that is not there: never where a link leads that somebody has put there."""
    descriptor = os.open(path, how | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if (owner := _owner_beside_root(path)) is not None:
            os.fchown(descriptor, *owner)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _owner_beside_root(path: Path) -> tuple[int, int] | None:
    """User and group whose folder a path is in, where root is at work in another's."""
    folder = path.parent.stat()
    return (folder.st_uid, folder.st_gid) if os.geteuid() == 0 and folder.st_uid else None
