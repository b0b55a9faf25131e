"""The command that moves those who are enrolled to the model in use."""

from __future__ import annotations

import json as jsons
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from stream_verifier.console.operator import operator_as_actor, with_kept_store
from stream_verifier.console.plain import PlainConsole, cell
from stream_verifier.settings import load_settings

if TYPE_CHECKING:
    from stream_verifier.identities.moving import Moved, Why

EXIT_LEFT_OVER = 3
_MOST_SHOWN = 10

_WHY: dict[Why, str] = {
    "no_adapter": "no adapter leads from their model to the one in use: enrol again, or fit one "
    "with  python -m model adapt",
    "moved_before": "an adapter moved them before, and errors add up: enrol again, or run this "
    "with  --again",
    "consent_not_in_force": "their consent was withdrawn or has expired: they are used no more, "
    "and go with  stream-verifier retention",
    "refused": "the store refuses these records: see  stream-verifier identities refused",
    "key_lost": "their key is not here: give it as an old key and run this again",
    "not_movable": "the adapter makes nothing of them: enrol again",
}

_out = PlainConsole()
_err = PlainConsole(stderr=True)


def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be done, change nothing.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Move also what an adapter has moved before.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the report as one object.")] = False,
) -> None:
    """Move references of older models to the model in use, while servers go on using them.

    Nobody is asked: an adapter that was fitted for the new model does it. Servers of an older
    release cannot use what was moved: run it when none is left. Interrupted, run it again. Exit
    code 3 if any were left as they are.
    """
    from model.runtime.adapter import Adapters
    from model.runtime.weights import Weights

    adapters = Adapters.load(Weights.load())
    with _progress("looking" if dry_run else "moving") as on_progress:
        done = with_kept_store(
            load_settings(),
            lambda store: store.moving(adapters).run(
                on_progress, dry_run=dry_run, again=again, actor=operator_as_actor()
            ),
        )
    if json:
        print(jsons.dumps(_fields(adapters.target, done, dry_run=dry_run)))
    else:
        _tell(adapters.target, done, dry_run=dry_run)
    if done.left:
        raise typer.Exit(EXIT_LEFT_OVER)


def _fields(model: str, done: Moved, *, dry_run: bool) -> dict[str, object]:
    return {
        "model": model,
        "dry_run": dry_run,
        "moved": dict(done.moved),
        "already_new": done.present,
        "changed_meanwhile": done.gone,
        "left": {why: list(ids) for why, ids in done.left.items()},
    }


def _tell(model: str, done: Moved, *, dry_run: bool) -> None:
    _out.print(cell(f"The model in use is {model}. {done.present} references were of it already."))
    did = "Would move" if dry_run else "Moved"
    for source, count in done.moved.items():
        _out.print(cell(f"{did} {count} references of {source}."))
    if not done.moved:
        _out.print(f"{did} none.")
    if done.gone:
        _out.print(f"{done.gone} were changed or deleted meanwhile: run it again to be sure.")
    for why, ids in done.left.items():
        _err.print(cell(f"{len(ids)} stay as they are: {_WHY[why]} ."))
        shown = ", ".join(ids[:_MOST_SHOWN])
        more = len(ids) - _MOST_SHOWN
        _err.print(cell(f"  {shown}{f' and {more} more: see  --json' if more > 0 else ''}"))
    if done.moved and not dry_run:
        _out.print("A reference made with the model itself is surer: enrol again when you can.")
        _out.print("What a backup made before puts back has to be moved again: make a new one.")


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_err, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
