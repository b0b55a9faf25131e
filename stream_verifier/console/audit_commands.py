"""The commands for the audit trail: export it, check an export, begin anew."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from stream_verifier.audit.deed import Deed, Kind
from stream_verifier.console.operator import (
    WAY,
    ask,
    operator_as_actor,
    with_kept_store,
    with_store,
)
from stream_verifier.console.output import file_alone, is_stdout
from stream_verifier.console.plain import PlainConsole, cell
from stream_verifier.errors import AuditError
from stream_verifier.identities.private_file import new_private
from stream_verifier.settings import load_settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from stream_verifier.identities.sqlite import SqliteIdentityStore

_MAX_LINE_BYTES = 64 * 1024
_MAX_KEY_BYTES = 4096

app = typer.Typer(help="Export and check the audit trail.", no_args_is_help=True)
_out = PlainConsole()
_err = PlainConsole(stderr=True)

OldFile = Annotated[Path, typer.Argument(help="What export wrote.", exists=True, dir_okay=False)]


PublicKey = Annotated[
    Path, typer.Option(exists=True, dir_okay=False, help="What public-key wrote, kept apart.")
]


@app.command("export")
def export(
    file: Annotated[
        Path,
        typer.Argument(
            help="A new file; what is there stays. - is the standard output.", dir_okay=False
        ),
    ],
) -> None:
    """Write the whole trail into FILE, an entry a line of JSON, the signed head last."""

    async def run(store: SqliteIdentityStore) -> int:
        deed = Deed(Kind.EXPORTED, operator_as_actor(), details={"way": WAY})
        await store.audit.append(deed)
        if is_stdout(file):  # whoever reads may stop, of which typer makes an exit code
            return await _write_lines(store, sys.stdout)
        return await _write(store, file)

    count = with_kept_store(load_settings(), run)
    told = _err if is_stdout(file) else _out
    told.print(cell(f"Wrote {count} entries into {file}."), highlight=False, soft_wrap=True)


@app.command("verify")
def verify(
    file: OldFile,
    public_key: PublicKey,
    at_least: Annotated[
        int, typer.Option(min=0, help="Number of the newest head that you have seen.")
    ] = 0,
    known_hash: Annotated[str | None, typer.Option("--hash", help="And its hash.")] = None,
) -> None:
    """Check an export: that nothing was edited, cut out, put elsewhere, doubled or cut off.

    Needs neither the store nor its keys. An older export that is whole is found by its number
    alone: keep number and hash of the newest head, and give them.
    """
    from stream_verifier.audit.chain import check

    found = check(_lines(file), _key(public_key), at_least=at_least, known=known_hash)
    head = found.head
    _out.print(
        f"Whole: {found.count} entries, {found.first} to {head.number}, signed at "
        f"{head.at or 'its beginning'}.\nKeep these:  --at-least {head.number} --hash {head.hash}",
        highlight=False,
        soft_wrap=True,
    )
    for number in found.restarts:
        _out.print(f"Somebody began it anew at entry {number}.", highlight=False)


@app.command("receipt")
def receipt(
    file: Annotated[
        Path, typer.Argument(help="What a deletion gave.", exists=True, dir_okay=False)
    ],
    public_key: PublicKey,
    trail: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="An export that has to have the entry."),
    ] = None,
) -> None:
    """Check a receipt: that the trail has that entry, on that person.

    Needs neither the store nor its keys, but the key that signs the trail, from whom runs the
    server.
    """
    from stream_verifier.audit.chain import check
    from stream_verifier.audit.receipt import MAX_BYTES, Receipt

    with file.open("rb") as content:
        given = Receipt.parse(content.read(MAX_BYTES).decode("utf-8", "replace"))
    key = _key(public_key)
    given.check(key)
    fields, number = given.entry.fields, given.entry.number
    if trail is not None:
        found = check(_lines(trail), key, at_least=number, known=given.entry.hash)
        if found.first > number:
            raise AuditError(f"The export begins after entry {number}: give an older one.")
    _out.print(
        cell(
            f"Holds: {given.name} was {fields['kind'].replace('_', ' ')} at {given.entry.at} "
            f"by {fields['actor']['token']} ({fields['actor']['scope']}); entry {number}, record "
            f"{fields['details'].get('identity')}."
        ),
        highlight=False,
        soft_wrap=True,
    )


def _key(path: Path) -> Ed25519PublicKey:
    from stream_verifier.audit.seal import read_public_key

    with path.open("rb") as file:
        return read_public_key(file.read(_MAX_KEY_BYTES))


@app.command("public-key")
def public_key() -> None:
    """Print the key that exports are checked with, in PEM; keep a copy on another machine."""

    async def run(store: SqliteIdentityStore) -> str:
        return store.audit.public_pem()

    print(with_store(load_settings(), run), end="")


@app.command("restart")
def restart(
    file: Annotated[
        Path,
        typer.Argument(
            help="A new file; what is there stays.", dir_okay=False, callback=file_alone
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Write a trail that was found changed into FILE, as it is, and begin a new one."""
    if not yes:
        ask("Begin the audit trail anew?")

    async def run(store: SqliteIdentityStore) -> tuple[int, int]:
        count = await _write(store, file)
        return count, (await store.audit.restart(operator_as_actor())).number

    count, number = with_store(load_settings(), run)
    _out.print(
        cell(f"Wrote {count} entries into {file}; the trail begins anew at entry {number}."),
        highlight=False,
        soft_wrap=True,
    )


async def _write(store: SqliteIdentityStore, path: Path) -> int:
    try:
        with new_private(path) as file:
            text = TextIOWrapper(file, encoding="ascii")
            count = await _write_lines(store, text)
            text.flush()
    except OSError as error:
        raise AuditError(
            f"{path} cannot be written ({error.strerror}): name a new file where there is room."
        ) from error
    return count


async def _write_lines(store: SqliteIdentityStore, file: TextIO) -> int:
    """Write the trail; return how many entries it has."""
    count = -1  # of the head
    async for line in store.audit.export():
        file.write(f"{line}\n")
        count += 1
    return count


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file that somebody may have written anything into."""
    with path.open("rb") as file:
        while line := file.readline(_MAX_LINE_BYTES):
            if not line.endswith(b"\n"):
                raise AuditError("The file does not end as an export does: a part is missing.")
            yield line[:-1].decode("ascii", "replace")
