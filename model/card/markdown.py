"""Pieces of Markdown: tables, figures with their intervals, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
NONE = "-"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def made_by(block: str, *sources: str) -> str:
    """A block with the commands that wrote its figures below it."""
    return f"{block}\n\n<sub>Written by {'; '.join(sources)}.</sub>"


def missing(what: str, given: str, remedy: str) -> str:
    """Says plainly that a figure is not there, and how to get it.

    Args:
        what: is missing, as the beginning of a sentence.
        given: to the card's command it would have had to be: an option, or what it names.
        remedy: what to run for it.
    """
    return f"> **Missing:** {what}. This card was made without {given}; {remedy}."


def percent(row: Row | None, name: str, *, interval: bool = True) -> str:
    """A rate of a row in percent, with its 95 % interval."""
    return _figure(row, name, 100, 2, interval)


def bits(row: Row | None, name: str, *, interval: bool = True) -> str:
    """A Cllr of a row, with its 95 % interval."""
    return _figure(row, name, 1, 3, interval)


def boldest(values: Sequence[float | None], cells: Sequence[str]) -> list[str]:
    """The cells, that of the highest value in bold where there is more than one value."""
    known = [value for value in values if value is not None]
    worst = max(known) if len(set(known)) > 1 else None
    marked = zip(values, cells, strict=True)
    return [
        f"**{cell}**" if value is not None and value == worst else cell for value, cell in marked
    ]


def number(value: float, digits: int | None = None) -> str:
    """Counts without decimals, other numbers with so many, or to four significant digits."""
    if isinstance(value, int):
        return str(value)
    return f"{value:.4g}" if digits is None else f"{value:.{digits}f}"


def command(text: str, pack: str | None = None) -> str:
    """A command as the source of figures."""
    return f"`{text}`" + (f" on pack `{pack}`" if pack else "")


def _figure(row: Row | None, name: str, scale: float, digits: int, interval: bool) -> str:
    if row is None or row[name] is None:
        return NONE
    text = f"{scale * row[name]:.{digits}f}"
    ends = row[f"{name}_interval"] if interval else None
    if ends is None:
        return text
    return f"{text} ({scale * ends[0]:.{digits}f} to {scale * ends[1]:.{digits}f})"
