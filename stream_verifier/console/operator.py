"""Who sits at the terminal, and the store in front of it."""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from stream_verifier.audit.deed import Actor

if TYPE_CHECKING:
    from stream_verifier.identities.sqlite import SqliteIdentityStore
    from stream_verifier.settings import Settings

T = TypeVar("T")

WAY = "command line"


def operator() -> str:
    """The operating system's user, by name where it has one; for sealed records."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run as a user that it has no name for
        return f"uid {os.getuid()}"


def operator_as_actor() -> Actor:
    """The same as the audit trail tells it, which names nobody."""
    return Actor(f"uid {os.getuid()}", WAY)


def with_store(
    settings: Settings, action: Callable[[SqliteIdentityStore], Coroutine[Any, Any, T]]
) -> T:
    """Do something with the identity store that the settings name."""
    from stream_verifier.identities.opening import open_store

    async def run() -> T:
        store = open_store(settings)
        try:
            return await action(store)
        finally:
            await store.close()

    return asyncio.run(run())
