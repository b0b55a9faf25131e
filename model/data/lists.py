"""Reading a pack's lists: CSV files, as programs and spreadsheets write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from pathlib import Path

from model.errors import PackError


def read_list(path: Path, columns: Collection[str] = ()) -> list[dict[str, str]]:
    """Read a list's rows.

    Args:
        path: UTF-8, with or without a byte-order mark, which Excel puts in front.
        columns: that it must have.

    Returns:
        For each row value by column; what a row lacks is None, and what it has too much is under
        the key None.

    Raises:
        PackError: it cannot be read, is no CSV in UTF-8, or lacks a column.
    """
    try:
        reader = csv.DictReader(io.StringIO(read_text(path)))
        _check_columns(path, reader.fieldnames or (), columns)
        return list(reader)
    except csv.Error as error:
        raise PackError(f"{path} is no CSV ({error}): write the list again") from error


def read_text(path: Path) -> str:
    """Read a list of any form, in UTF-8 with or without a byte-order mark.

    Raises:
        PackError: it cannot be read, or is not in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PackError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PackError(
            f"{path} is not in UTF-8: save it as 'CSV UTF-8', or convert it, for instance with: "
            "iconv -f latin1 -t utf-8"
        ) from error


def _check_columns(path: Path, found: Collection[str], wanted: Collection[str]) -> None:
    missing = set(wanted) - set(found)
    if not missing:
        return
    header = "".join(found)
    if len(found) == 1 and (other := next((mark for mark in ";\t|" if mark in header), None)):
        raise PackError(f"{path} separates its columns by {other!r}: save it with commas")
    raise PackError(
        f"{path} lacks the columns {', '.join(sorted(missing))}: its first line must name them"
    )
