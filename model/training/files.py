"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from model.errors import DISK_FULL, CheckpointError


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place, bring it to the disk, then rename it over the old one.

    Args:
        path: where it belongs; its folder is made.
        data: all of it.

    Raises:
        CheckpointError: the disk is full or refuses; what was at ``path`` before is untouched.
    """
    write_together({path: data})


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write files that belong together: none takes its place before all are on the disk.

    Args:
        files: what is to be where, in the order in which old ones are replaced.

    Raises:
        CheckpointError: the disk is full or refuses; what was there before is untouched.
    """
    drafts = {path: path.with_name(path.name + ".part") for path in files}
    path = next(iter(files))
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with drafts[path].open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        for path, draft in drafts.items():
            draft.replace(path)
    except OSError as error:
        raise CheckpointError(_complaint(path, error)) from error
    finally:
        for draft in drafts.values():
            with contextlib.suppress(OSError):
                draft.unlink()


def _complaint(path: Path, error: OSError) -> str:
    survived = f"{path.name} of before is whole" if path.is_file() else "nothing is there yet"
    if error.errno in DISK_FULL:
        return (
            f"the disk is full, {path} could not be written ({survived}): free some space and "
            "start the same command again; a training goes on after its last checkpoint"
        )
    return f"{path} could not be written ({survived}): {error}"
