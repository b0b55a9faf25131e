"""The commands for those who are enrolled: list, show and delete them."""

from __future__ import annotations

import json as jsons
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stream_verifier.console import display
from stream_verifier.console.operator import operator_as_actor, with_store
from stream_verifier.console.plain import PlainConsole, cell, visible
from stream_verifier.identities.consent import Standing
from stream_verifier.settings import load_settings

if TYPE_CHECKING:
    from stream_verifier.identities.identity import Identity
    from stream_verifier.identities.sqlite import SqliteIdentityStore
    from stream_verifier.identities.store import IdentityPage

app = typer.Typer(help="List, show and delete who is enrolled.", no_args_is_help=True)
_out = PlainConsole()


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
        refused, listed = [], 0
        async for page in _pages(store, search=search, standing=consent):
            refused += page.refused[:1]
            listed += len(page.identities)
            _print(page, as_json=json)
        if refused:
            raise refused[0]
        if not listed and not json:
            anybody = bool(page.enrolled)
            _out.print("Nobody fits." if anybody else display.NOBODY)

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
            print(jsons.dumps(display.identity_fields(one)))
    elif page.identities:
        _out.print(display.identities_table(page.identities))


@app.command("show")
def show_identity(name: str) -> None:
    """Show one enrolled person and the consent."""

    async def read(store: SqliteIdentityStore) -> Identity:
        return await store.get(name)

    _out.print(display.identity_details(with_store(load_settings(), read)))


@app.command("delete")
def delete_identity(
    name: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a person's reference and consent, beyond recovery."""
    if not yes:
        typer.confirm(f"Delete {visible(name)} beyond recovery?", abort=True)

    async def delete(store: SqliteIdentityStore) -> None:
        await store.delete(name, actor=operator_as_actor())

    with_store(load_settings(), delete)
    _out.print(cell(f"Deleted {name}."), highlight=False)
