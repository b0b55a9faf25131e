"""Where commands may write, refused when it is named, not after hours of work; and how."""

from __future__ import annotations

import io
import os
import sys
from argparse import ArgumentTypeError
from pathlib import Path


def write_out_unencodable() -> None:
    """Have escapes written for letters that the output's encoding lacks, as Latin-1 does bars."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def new_file(text: str) -> Path:
    """A file to write, as an argument's type.

    Raises:
        ArgumentTypeError: it cannot be written there.
    """
    path = Path(text)
    if path.is_dir():
        raise ArgumentTypeError(f"{path} is a folder: name a file in it")
    if path.exists() and not os.access(path, os.W_OK):
        raise ArgumentTypeError(f"{path} may not be written: name another file")
    folder(str(path.parent))
    return path


def folder(text: str) -> Path:
    """A folder to write into, as an argument's type; it may not be there yet.

    Raises:
        ArgumentTypeError: there can be no such folder, or nothing may be written into it.
    """
    path = Path(text)
    there = next(part for part in (path, *path.absolute().parents) if os.path.lexists(part))
    if not there.is_dir():
        raise ArgumentTypeError(f"{there} is no folder: name another place")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ArgumentTypeError(f"nothing may be written into {there}: name another place")
    return path
