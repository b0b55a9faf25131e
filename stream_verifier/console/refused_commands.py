"""The commands for records that the store refuses: look, erase, accept."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.table import Table

from stream_verifier.console.operator import ask, operator_as_actor, with_store
from stream_verifier.console.plain import PlainConsole, cell
from stream_verifier.errors import UnknownIdentityError
from stream_verifier.settings import load_settings

if TYPE_CHECKING:
    from stream_verifier.identities.restore import Refused, Restore

T = TypeVar("T")

_WHY = {
    "changed": "damaged or changed, or mixed with another",
    "deleted": "deleted, and put back from an older copy",
    "replaced": "replaced, or its consent changed, since, and put back from an older copy",
    "ahead": "newer than the ledger, which is an older copy",
    "no_ledger": "the ledger is missing or of no use",
    "missing": "in the ledger, but gone from the store",
    "old_key": "under a key that the store was taken off, as in an older copy",
    "other_key": "under a key that was not given: give it back, do not erase",
}

_out = PlainConsole()

Ids = Annotated[list[str], typer.Argument(help="Ids of records; all refused ones without.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def refused() -> None:
    """List records that the store refuses, and why."""
    _print(_run(lambda restore: restore.refused()))


def erase_refused(ids: Ids = [], yes: Yes = False) -> None:  # noqa: B006
    """Erase refused records beyond recovery, such as the deleted that a backup brought back."""
    # People who are enrolled, but under another key, are erased by their ids alone.
    chosen = [one for one in _choose(ids) if ids or one.why not in ("other_key", "old_key")]
    if not chosen:
        return
    if not yes:
        ask(f"Erase {len(chosen)} records beyond recovery?")
    count = _run(
        lambda restore: restore.erase([one.id for one in chosen], actor=operator_as_actor())
    )
    _out.print(f"Erased {count}.")


def accept_restore(ids: Ids = [], yes: Yes = False) -> None:  # noqa: B006
    """Accept refused records as they are, after a backup was put back or the ledger was lost.

    Whoever was deleted since the backup was made is enrolled again by it, and consents that were
    withdrawn since are in force again.
    """
    chosen = [one for one in _choose(ids) if one.why not in ("changed", "other_key")]
    if chosen and not yes:
        ask(f"Accept {len(chosen)} of them as they are?")
    # With none, too: a ledger of no use is made anew.
    count = _run(
        lambda restore: restore.accept([one.id for one in chosen], actor=operator_as_actor())
    )
    _out.print(f"Accepted {count}.")


def _run(action: Callable[[Restore], Coroutine[Any, Any, T]]) -> T:
    return with_store(load_settings(), lambda store: action(store.restore()))


def _choose(ids: Sequence[str]) -> list[Refused]:
    found = _run(lambda restore: restore.refused())
    known = {_shown(one): one for one in found}
    for wanted in ids:
        if wanted not in known:
            raise UnknownIdentityError(f"No refused record has the id {wanted!r}.")
    chosen = [known[wanted] for wanted in ids] if ids else found
    _print(chosen)
    return chosen


def _print(found: Sequence[Refused]) -> None:
    if not found:
        _out.print("No record is refused.")
        return
    table = Table()
    for heading in ("record", "name", "enrolled", "refused because it is"):
        table.add_column(heading, overflow="fold")
    for one in found:
        who = one.identity
        name = cell("" if who is None else who.name)
        when = "" if who is None else f"{who.created_at:%Y-%m-%d %H:%M}"
        table.add_row(cell(_shown(one)), name, when, _WHY[one.why])
    _out.print(table)


def _shown(one: Refused) -> str:
    """The id as text, whatever somebody wrote into that column."""
    return one.id if isinstance(one.id, str) and one.id.isalnum() else ascii(one.id)
