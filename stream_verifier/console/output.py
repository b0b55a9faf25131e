"""What the name ``-`` means where a command asks for a file to write: the standard output."""

from __future__ import annotations

from pathlib import Path

import typer


def is_stdout(path: Path) -> bool:
    """Whether that is no name of a file, but the standard output."""
    return str(path) == "-"


def file_alone(path: Path) -> Path:
    """A callback of arguments whose content has to be on a disk when the command ends."""
    if is_stdout(path):
        raise typer.BadParameter("This goes into a file alone: name a new one.")
    return path
