"""Words of users, files and servers in a terminal: shown as they are, never obeyed."""

from __future__ import annotations

import unicodedata
from typing import IO

from rich.console import Console, ConsoleDimensions
from rich.markup import escape
from rich.text import Text

_JOINERS = "\u200c\u200d"
_OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Controls and escapes, turns of the writing's direction, halves of characters, line ends."""
_UNCUT_COLUMNS = 4096


def visible(text: str, *, lines: bool = False) -> str:
    r"""Text with what a terminal would obey written out, such as ``\x1b`` or ``\u202e``.

    Args:
        text: from anywhere; file names may hold bytes that are no text.
        lines: whether line ends stay what they are.
    """
    return "".join(
        char if _is_shown(char) or (lines and char == "\n") else _written_out(char) for char in text
    )


def literal(text: str) -> str:
    """`visible` text that is no markup, to be put into markup."""
    return escape(visible(text))


def cell(text: str, *, lines: bool = False) -> Text:
    """`visible` text for a table."""
    return Text(visible(text, lines=lines))


def _is_shown(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) not in _OBEYED


def _written_out(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # a byte of a file name (PEP 383)
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


class PlainConsole(Console):
    """A console that makes no pictures of ``:codes:`` and cuts nothing that goes into a pipe.

    Args:
        stderr: whether it writes there.
        file: where to, instead.
    """

    def __init__(self, *, stderr: bool = False, file: IO[str] | None = None) -> None:
        super().__init__(stderr=stderr, file=file, emoji=False)

    @property
    def size(self) -> ConsoleDimensions:
        """That of the terminal; where there is none, wide enough for whole lines."""
        size = super().size
        return size if self.is_terminal else ConsoleDimensions(_UNCUT_COLUMNS, size.height)

    @size.setter
    def size(self, new_size: tuple[int, int]) -> None:
        self._width, self._height = new_size
