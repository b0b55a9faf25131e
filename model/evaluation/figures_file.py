"""How figures are kept in files: small, and a row a line, so that two runs can be compared.

A figure and its interval are one list, ``"eer": [value, low, high]``, to the digits that tables
show; the intervals are a hundred times wider than what is rounded away. Whoever needs more digits
has every score (``evaluate --scores``).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from model.evaluation.figures import FIGURES

INTERVAL = "_interval"
DIGITS = 4
"""Of a rate, as tables show hundredths of a percent."""
OTHER_DIGITS = {"cllr": 3, "min_cllr": 3, "line_cllr": 3, "over_minimum": 2, "time": 2}
"""Of bits, ratios and milliseconds, by name; what lies below has as many."""


def write_figures(path: Path, found: dict[str, Any]) -> None:
    """Write what an evaluation found (layout: ``model.evaluation.report``).

    Raises:
        ValueError: a number is not finite.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(layered(folded(found)) + "\n", encoding="utf-8")


def folded(found: Any) -> Any:
    """What a file holds of this part of an evaluation."""
    return _everywhere(_rounded(found), _fold)


def unfolded(found: Any) -> Any:
    """What ``folded`` made the file's part of, to its digits."""
    return _everywhere(found, _unfold)


def layered(found: Any, indent: str = "") -> str:
    """JSON with an object of numbers, or of objects of numbers, on one line.

    Raises:
        ValueError: a number is not finite.
    """
    if _depth(found) <= 2:
        return json.dumps(found, allow_nan=False)
    inner = indent + " "
    if isinstance(found, dict):
        parts = [f"{json.dumps(key)}: {layered(value, inner)}" for key, value in found.items()]
        start, end = "{}"
    else:
        parts = [layered(value, inner) for value in found]
        start, end = "[]"
    return f"{start}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{end}"


def _everywhere(found: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if isinstance(found, dict):
        return {key: _everywhere(value, change) for key, value in change(found).items()}
    return found


def _fold(row: dict[str, Any]) -> dict[str, Any]:
    def one(name: str) -> Any:
        value, ends = row[name], row.get(name + INTERVAL)
        return value if value is ends is None else [value, *(ends or [])]

    beside = {name + INTERVAL for name in FIGURES}
    return {
        name: one(name) if name in FIGURES else value
        for name, value in row.items()
        if name not in beside
    }


def _unfold(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        if name in FIGURES:
            first, *ends = value if isinstance(value, list) and value else [value]
            found |= {name: first, name + INTERVAL: ends or None}
        else:
            found[name] = value
    return found


def _rounded(found: Any, digits: int = DIGITS) -> Any:
    if isinstance(found, dict):
        return {
            key: _rounded(value, OTHER_DIGITS.get(key.removesuffix(INTERVAL), digits))
            for key, value in found.items()
        }
    if isinstance(found, list):
        return [_rounded(value, digits) for value in found]
    return round(found, digits) if isinstance(found, float) else found


def _depth(found: Any) -> int:
    if not isinstance(found, (dict, list)):
        return 0
    parts = found.values() if isinstance(found, dict) else found
    return 1 + max(map(_depth, parts), default=0)
