"""Whom a publisher claims to be, by the rule of a room.

A rule decides in whose name a call is opened, never that it is that person: that is what the call
finds out. A display name is chosen by the publisher.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from stream_verifier.errors import IdentityError, SettingsError
from stream_verifier.identities.identity import normalise_name
from stream_verifier.rooms.host import Publisher

WHOLE_NAME = "(.+)"
MOST_PATTERN_CHARS = 200
_MOST_MATCHED_CHARS = 64
"""Of a display name or an id; a longer one is nobody's."""
_MOST_REPEATS = 3
_REPEAT = re.compile(r"[*+?][+?]?|\{\d*,\d*\}[+?]?")
"""What may match more or less: each of them multiplies the ways to match, also one that may match
nothing. A second sign only says which way is tried first."""
_SLOW = re.compile(r"\)[*+?{]|\(\?|\\[1-9]")


class Rule(Protocol):
    """Says who a publisher claims to be."""

    async def who(self, publisher: Publisher) -> str | None:
        """The name enrolled under; None where he maps to nobody.

        Raises:
            MappingError: nobody can say now.
        """
        ...


class ByTable:
    """Who is who was said when the room was attached.

    Args:
        table: names enrolled under, by ``feed:ID`` or ``display:NAME``. A feed's counts more: where
            the host gives out ids, nobody chooses his.
    """

    def __init__(self, table: Mapping[str, str]) -> None:
        self._table = {key: _spelled(name) for key, name in table.items()}

    async def who(self, publisher: Publisher) -> str | None:
        """The entry of his feed, else of his display name."""
        by_feed = self._table.get(f"feed:{publisher.feed}")
        return by_feed or self._table.get(f"display:{publisher.display}")


class ByDisplay:
    """The display name has the name enrolled under in it.

    Args:
        pattern: a regular expression for the whole display name, whose one group is the name.

    Raises:
        SettingsError: it is none, has not one group, or could take long to match.
    """

    def __init__(self, pattern: str = WHOLE_NAME) -> None:
        self._pattern = _compiled(pattern)

    async def who(self, publisher: Publisher) -> str | None:
        """What the group matches."""
        return _found(self._pattern, publisher.display)


class ByFeed:
    """The host's id of the publisher has the name enrolled under in it.

    Args:
        pattern: see `ByDisplay`, of the whole id.

    Raises:
        SettingsError: see there.
    """

    def __init__(self, pattern: str = WHOLE_NAME) -> None:
        self._pattern = _compiled(pattern)

    async def who(self, publisher: Publisher) -> str | None:
        """What the group matches."""
        return _found(self._pattern, publisher.feed)


def _found(pattern: re.Pattern[str], text: str | None) -> str | None:
    """The name that a pattern finds; None where there is none."""
    if text is None or len(text) > _MOST_MATCHED_CHARS:
        return None
    match = pattern.fullmatch(text)
    return None if match is None else _name(match[1])


def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern that takes no longer than the third power of a short text's length.

    It runs on the event loop over text that strangers choose.
    """
    if len(pattern) > MOST_PATTERN_CHARS:
        raise SettingsError(f"A pattern has {MOST_PATTERN_CHARS} characters at most.")
    bare = re.sub(r"\\[^1-9]", "x", pattern)  # what is escaped repeats nothing
    if _SLOW.search(bare) or len(_REPEAT.findall(bare)) > _MOST_REPEATS:
        raise SettingsError(
            "A pattern may repeat characters, or leave them out, up to three times, but no groups, "
            "and have no lookaround, options or references: write one like  (.+) \\(guest\\)"
        )
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise SettingsError(f"The pattern is no regular expression: {error}.") from None
    if compiled.groups != 1:
        raise SettingsError("A pattern needs one group, which is the name: such as  (.+)")
    return compiled


def _spelled(name: str) -> str:
    try:
        return normalise_name(name)
    except IdentityError as error:
        raise SettingsError(f"The table names somebody who cannot be enrolled: {error}") from None


def _name(text: str | None) -> str | None:
    """As it would be enrolled; None of what could not be."""
    try:
        return None if text is None else normalise_name(text)
    except IdentityError:
        return None
