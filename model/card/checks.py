"""Reading JSON that other commands wrote, and checking what it holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from model.errors import ModelError


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ModelError: the file cannot be read or holds something else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"cannot read {path} ({error}): name a file that a command wrote"
        ) from None
    return need(path, found, ())


def _no_number(name: str) -> None:
    """Refuse NaN and Infinity, which are no JSON: a page would show them as if measured."""
    raise ValueError(f"it holds {name}, which is no number")


def need(path: Path, found: Any, keys: Iterable[str], where: str = "") -> dict[str, Any]:
    """Check that a part of a file is an object with these keys, and return it.

    Raises:
        ModelError: it is not.
    """
    at = f" of {where}" if where else ""
    if not isinstance(found, dict):
        raise ModelError(f"{path} holds no JSON object{at}: have its command write it again")
    if lacking := [key for key in keys if key not in found]:
        raise ModelError(f"{path} lacks {', '.join(lacking)}{at}: have its command write it again")
    return found


def check_numbers(path: Path, row: Mapping[str, Any], names: Iterable[str], where: str) -> None:
    """Check that the values of some keys are numbers.

    Raises:
        ModelError: one is not.
    """
    if garbled := [name for name in names if not is_number(row[name])]:
        raise ModelError(
            f"{path} holds no number as {', '.join(garbled)} of {where}: "
            "have its command write it again"
        )


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
