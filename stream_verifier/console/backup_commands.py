"""The commands that copy the store into a file, and what it has lost back out of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream_verifier.console.operator import ask, operator_as_actor, with_kept_store, with_store
from stream_verifier.console.output import file_alone
from stream_verifier.console.plain import PlainConsole, cell
from stream_verifier.settings import load_settings

if TYPE_CHECKING:
    from stream_verifier.identities.backup import Contents
    from stream_verifier.identities.sqlite import SqliteIdentityStore

EXIT_LEFT_OUT = 3

_out = PlainConsole()


def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="A new file.", callback=file_alone)],
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Copy the store and its ledger into one encrypted file, also while servers use them.

    It opens with the master key that the store is under now: keep that, apart from the file.
    """
    count = with_kept_store(
        load_settings(),
        lambda store: store.backup().write(file, replace=force, actor=operator_as_actor()),
    )
    _out.print(cell(f"Wrote {count} records and the ledger into {file}."))


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A backup.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put back what the store has lost, also while servers use it.

    Who was deleted or replaced since stays so, by the store's ledger. Where nobody was ever
    enrolled, as on a new machine, the ledger of the backup is taken.
    """

    async def look(store: SqliteIdentityStore) -> tuple[Contents, bool]:
        return await store.backup().look(file), await store.backup().is_unused()

    contents, unused = with_store(load_settings(), look)
    when = f"{contents.made_at:%Y-%m-%d %H:%M} UTC"
    _out.print(cell(f"The backup is of {when}, when {len(contents.ledger.live)} were enrolled."))
    if unused:
        _out.print(
            "Nothing here tells who was deleted after that, or took a consent back: they are "
            "enrolled again. Delete them again where you know of it."
        )
    if not yes:
        ask("Put it back?")
    done = with_store(
        load_settings(), lambda store: store.backup().put_back(file, actor=operator_as_actor())
    )
    _out.print(
        f"Put {done.restored} records back; {done.present} were there, {done.kept_out} stay out "
        "since they were deleted or replaced after the backup."
    )
    if done.damaged:
        _out.print(f"{done.damaged} records of the backup do not open and were left out.")
        raise typer.Exit(EXIT_LEFT_OUT)
