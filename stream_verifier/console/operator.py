"""Who sits at the terminal, and the store in front of it."""

from __future__ import annotations

import asyncio
import os
import pwd
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from stream_verifier.audit.deed import Actor
from stream_verifier.errors import StoreError

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


def ask(question: str) -> None:
    """Have a command that cannot be undone confirmed.

    Raises:
        typer.Abort: the answer is no.
        typer.BadParameter: there is nobody who could answer, as in a script.
    """
    try:
        agreed = typer.confirm(question)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        typer.echo()  # the question's line ends nowhere else
        raise typer.BadParameter("Nobody is here to answer: say --yes where you mean it.") from None
    if not agreed:
        raise typer.Abort


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


def with_kept_store(
    settings: Settings, action: Callable[[SqliteIdentityStore], Coroutine[Any, Any, T]]
) -> T:
    """The same for what makes sense with a store that is there already.

    Raises:
        StoreError: there is none. To make one would hide that the settings name a wrong place, and
            a backup of nothing would pass for one.
    """
    from stream_verifier.identities.database import database_file

    file = database_file(settings.store_url)
    if file is not None and not file.exists() and not settings.ledger_path.exists():
        raise StoreError(
            f"There is no identity store in {file.parent}: give this command the settings of the "
            "server, STREAM_VERIFIER_DATA_DIR above all."
        )
    return with_store(settings, action)
