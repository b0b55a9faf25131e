"""The commands for those who are enrolled: list, show and delete them."""

from __future__ import annotations

import json as jsons
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from stream_verifier.console import tables
from stream_verifier.console.operator import WAY, ask, operator_as_actor, with_store
from stream_verifier.console.output import is_stdout
from stream_verifier.console.plain import PlainConsole, cell, visible
from stream_verifier.errors import RefusedRecordError, SettingsError
from stream_verifier.identities.consent import Standing
from stream_verifier.identities.identity import normalise_name
from stream_verifier.identities.private_file import new_private, to_disk
from stream_verifier.settings import load_settings

if TYPE_CHECKING:
    from stream_verifier.audit.call_history import PastCall
    from stream_verifier.audit.receipt import Receipt
    from stream_verifier.identities.identity import Identity
    from stream_verifier.identities.sqlite import SqliteIdentityStore
    from stream_verifier.identities.store import IdentityPage

app = typer.Typer(help="List, show and delete who is enrolled.", no_args_is_help=True)
_out = PlainConsole()
_err = PlainConsole(stderr=True)

Whom = Annotated[str, typer.Argument(metavar="NAME", help="Name enrolled under, or a whole id.")]


@app.command("list")
def list_identities(
    search: Annotated[
        str, typer.Option(help="The beginning of an id, or a whole name; no part of a name.")
    ] = "",
    consent: Annotated[
        Standing | None, typer.Option(help="Only those whose consent is so.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one person a line.")] = False,
) -> None:
    """List who is enrolled, by id, as the store is read: it never holds all of them at once."""

    async def run(store: SqliteIdentityStore) -> None:
        refused: list[RefusedRecordError] = []
        listed = 0
        async for page in _pages(store, search=search, standing=consent):
            refused += page.refused[:1]
            listed += len(page.identities)
            _print(page, as_json=json)
        if refused:
            raise refused[0]
        if not listed and not json:
            anybody = bool(page.enrolled)
            _out.print("Nobody fits." if anybody else tables.NOBODY)

    with_store(load_settings(), run)


async def _pages(store: SqliteIdentityStore, **how: Any) -> AsyncIterator[IdentityPage]:
    page = await store.page(**how)
    yield page
    while page.next is not None:
        page = await store.page(page.next, **how)
        yield page


def _print(page: IdentityPage, *, as_json: bool) -> None:
    if as_json:
        for one in page.identities:
            print(jsons.dumps(tables.identity_fields(one)))
    elif page.identities:
        _out.print(tables.identities_table(page.identities))


@app.command("show")
def show_identity(whom: Whom) -> None:
    """Show one enrolled person and the consent."""

    async def read(store: SqliteIdentityStore) -> Identity:
        return await store.get(await _name_of(store, whom))

    _out.print(tables.identity_details(with_store(load_settings(), read)))


@app.command("delete")
def delete_identity(
    whom: Whom,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    receipt: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the receipt into this new file.")
    ] = None,
) -> None:
    """Delete a person's reference and consent, beyond recovery, and print a receipt.

    Whom it is given to checks it with  stream-verifier audit receipt FILE
    """
    if not yes:
        ask(f"Delete {visible(whom)} beyond recovery?")

    async def delete(store: SqliteIdentityStore) -> Receipt:
        return await store.delete(await _name_of(store, whom), actor=operator_as_actor())

    with _given(receipt) as give:
        done = with_store(load_settings(), delete)
        try:
            give(done.text)
        except OSError:
            print(done.text, file=sys.stderr)  # It is not to be had again.
            raise
    _err.print(cell(f"Deleted {done.name}: entry {done.entry.number} of the audit trail."))


@app.command("export")
def export_identity(
    whom: Whom,
    file: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write it into this new file.")
    ] = None,
    vectors: Annotated[
        bool, typer.Option("--vectors", help="With the numbers that recognise the person.")
    ] = False,
) -> None:
    """Write down all that is held on one person, as JSON, to be given to that person."""

    async def read(store: SqliteIdentityStore) -> dict[str, object]:
        from stream_verifier.events.audience import Audience
        from stream_verifier.events.kept.content import read_content
        from stream_verifier.identities.dossier import dossier

        name = await _name_of(store, whom)
        actor = operator_as_actor()
        held = await dossier(store, name, actor=actor, way=WAY, vectors=vectors)
        events = [read_content(one) for one in await store.kept_events.of(name)]
        return {**held, "events": [event.fields_for(Audience.READER) for event in events]}

    with _given(file) as give:
        held = with_store(load_settings(), read)
        # A person has to be able to read it; what a terminal has no letters for stays JSON.
        give(jsons.dumps(held, indent=2, ensure_ascii=file is None or is_stdout(file)))
    if not held["complete"]:
        _err.print("Only the newest entries are in it; all have  stream-verifier audit export")


@app.command("calls")
def list_calls(
    whom: Whom, json: Annotated[bool, typer.Option("--json", help="Print one call a line.")] = False
) -> None:
    """List the calls that one person had, newest first; also of one who was deleted."""

    async def run(store: SqliteIdentityStore) -> None:
        from stream_verifier.audit.call_history import pages_of

        async for page in pages_of(store.audit, await _name_of(store, whom)):
            _print_calls(page.calls, as_json=json)
        if not page.calls and not json:
            _out.print("No call of that person is on record.")

    with_store(load_settings(), run)


def _print_calls(calls: Sequence[PastCall], *, as_json: bool) -> None:
    if as_json:
        for call in calls:
            print(jsons.dumps(asdict(call)))
    elif calls:
        _out.print(tables.past_calls_table(calls))


async def _name_of(store: SqliteIdentityStore, whom: str) -> str:
    """The name of one who is named, or given by a whole id."""
    if re.fullmatch(r"[0-9a-f]{32}", whom):
        page = await store.page(limit=1, search=whom)
        return page.identities[0].name if page.identities else whom
    return normalise_name(whom)


@contextmanager
def _given(file: Path | None) -> Iterator[Callable[[str], None]]:
    """Hands text out: to the standard output, or into a new file, made before anything is done."""
    if file is None or is_stdout(file):
        yield lambda text: print(text, flush=True)
        return
    try:
        with new_private(file) as out:
            yield lambda text: _fill(out, text)
    except FileExistsError as error:
        raise SettingsError(f"{file} is there already: name a new file.") from error
    except OSError as error:
        raise SettingsError(
            f"{file} cannot be written ({error.strerror}): name a new file where there is room."
        ) from error


def _fill(out: IO[bytes], text: str) -> None:
    # Half a character (a lone surrogate), which earlier releases took, stays JSON.
    out.write(f"{text}\n".encode("utf-8", "backslashreplace"))
    to_disk(out)
