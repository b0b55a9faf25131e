"""Where a client's token comes from: text, or a function, plain or async, that gives one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

Token: TypeAlias = str | Callable[[], str | None] | Callable[[], Awaitable[str | None]]


async def ask(token: Token | None) -> str | None:
    """The token to show now, without the line's end that files and commands put behind it.

    Args:
        token: a function is called, and what it gives is awaited where it is to be.
    """
    given = token() if callable(token) else token
    if isinstance(given, Awaitable):
        given = await given
    return None if given is None else given.strip()
