"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from model.errors import CheckpointError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place, bring it to the disk, then rename it over the old one.

    Args:
        path: where it belongs; its folder is made.
        data: all of it.

    Raises:
        CheckpointError: the disk is full or refuses; what was at ``path`` before is untouched.
    """
    draft = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise CheckpointError(_complaint(path, error)) from error


def _complaint(path: Path, error: OSError) -> str:
    survived = f"{path.name} of before is whole" if path.is_file() else "nothing is there yet"
    if error.errno in _FULL:
        return (
            f"the disk is full, {path} could not be written ({survived}): free some space and "
            "start the same command again, it goes on after the last checkpoint"
        )
    return f"{path} could not be written ({survived}): {error}"
