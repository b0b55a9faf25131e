"""The commands about master keys: which there are, change to another; and renew a reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from stream_verifier.console.operator import operator_as_actor, with_kept_store, with_store
from stream_verifier.console.plain import PlainConsole, cell
from stream_verifier.settings import load_settings

if TYPE_CHECKING:
    from stream_verifier.identities.rotation import Keys, Rotated
    from stream_verifier.identities.sqlite import SqliteIdentityStore

EXIT_LEFT_OVER = 3

app = typer.Typer(
    help="List the master keys of the store, and change to another.", no_args_is_help=True
)

_out = PlainConsole()
_err = PlainConsole(stderr=True)


@app.command("list")
def list_keys() -> None:
    """List the master keys that are given and those that the store is under."""
    from stream_verifier.identities.opening import open_keys

    settings = load_settings()
    found = with_store(settings, _read)
    given = open_keys(settings).ids
    table = Table()
    for heading in ("key", "records", ""):
        table.add_column(heading, overflow="fold")
    for key_id in dict.fromkeys([*given, found.current, *found.rows]):
        words = [
            "in use" if key_id == found.current else "",
            "what a rotation changes to" if key_id == given[0] != found.current else "",
            "not given: give it back" if key_id not in given else "",
        ]
        table.add_row(cell(key_id), str(found.rows.get(key_id, 0)), ", ".join(filter(None, words)))
    _out.print(table)


@app.command("rotate")
def rotate(
    keep_old: Annotated[
        bool, typer.Option("--keep-old", help="Leave old keys in the key file.")
    ] = False,
) -> None:
    """Bring the store under another master key, while servers go on using it.

    With a key file a new key is made and put above the old one, which goes when all is done. With
    keys from settings or a device, name the new one as the key and the old one as an old key, here
    and for every server, before. Interrupted, run it again.
    """
    from stream_verifier.identities.keys import add_key, keep_first_key
    from stream_verifier.identities.opening import open_keys

    settings = load_settings()
    before = with_kept_store(settings, _read)
    path = settings.key_path
    own = path is not None and settings.key is None and settings.hsm_key is None
    if own and path is not None and _is_done(before, open_keys(settings).first.key_id):
        add_key(path)
    with _progress() as on_progress:
        done = with_store(
            settings, lambda store: store.rotation().run(on_progress, actor=operator_as_actor())
        )
    after = with_store(settings, _read)
    _tell(before, after, done)
    if done.damaged or done.key_lost:
        raise typer.Exit(EXIT_LEFT_OVER)
    if own and path is not None and not keep_old:
        keep_first_key(path)
        _out.print(cell(f"The old key is gone from {path}."))
    _out.print("Backups made before open with the old key alone: make a new one now.")


def renew(name: Annotated[str, typer.Argument(help="Whose reference.")]) -> None:
    """Store a person's reference anew, turned another way under another key; nobody is asked."""

    async def again(store: SqliteIdentityStore) -> None:
        await store.renew(name, actor=operator_as_actor())

    with_store(load_settings(), again)
    _out.print(cell(f"Renewed the reference of {name}. Copies of the old one are refused."))


async def _read(store: SqliteIdentityStore) -> Keys:
    return await store.rotation().keys()


def _is_done(keys: Keys, first: str) -> bool:
    return keys.current == first and not set(keys.rows) - {first}


def _tell(before: Keys, after: Keys, done: Rotated) -> None:
    if before.current != after.current:
        _out.print(f"The store was under key {before.current} and is under {after.current}.")
    else:
        _out.print(f"The store is under key {after.current}.")
    _out.print(f"Wrapped {done.rewrapped} records anew.")
    if done.damaged:
        _err.print(
            f"{len(done.damaged)} records are damaged and stay refused: see  "
            "stream-verifier identities refused . Erase them, then rotate again."
        )
    if done.key_lost:
        _err.print(
            f"{len(done.key_lost)} records are under a key that was not given, or that the store "
            "was taken off before: give it as an old key and rotate again, or see  "
            "stream-verifier identities refused ."
        )


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("wrapping"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_err, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
