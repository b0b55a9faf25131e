"""The command line: serve, demo, enroll, verify, attach, identities, consent, audit, keys, doctor.

What a command needs is imported when it runs, so that ``doctor`` works where a library is missing.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from model.errors import DISK_FULL, ModelError
from model.imports import kept
from model.outputs import write_out_unencodable
from stream_verifier.console import (
    audit_commands,
    backup_commands,
    consent_commands,
    file_commands,
    identity_commands,
    key_commands,
    migrate_command,
    refused_commands,
    room_commands,
    tables,
    token_commands,
)
from stream_verifier.console.plain import PlainConsole, visible
from stream_verifier.console.streams import all_written
from stream_verifier.console.watch import watch
from stream_verifier.errors import StreamVerifierError
from stream_verifier.hosting.address_space import require_address_space
from stream_verifier.settings import doubts, load_settings

EXIT_ERROR = 2
_SCORING = ("serve", "demo", "enroll", "verify")
"""Commands that load the model."""
_logger = logging.getLogger(__name__)

app = typer.Typer(
    help="Continuous face-and-voice verification for live video calls.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
identities_app = identity_commands.app
identities_app.command("refused")(refused_commands.refused)
identities_app.command("erase-refused")(refused_commands.erase_refused)
identities_app.command("accept-restore")(refused_commands.accept_restore)
identities_app.command("renew")(key_commands.renew)
identities_app.command("migrate")(migrate_command.migrate)

_out = PlainConsole()
_err = PlainConsole(stderr=True)


def _tell_version(asked: bool) -> None:
    if asked:
        _out.print(f"stream-verifier {metadata.version('stream-verifier')}", highlight=False)
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback uses it
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    if context.invoked_subcommand in _SCORING:
        require_address_space()


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port to listen on.")] = None,
) -> None:
    """Start the server and its pages."""
    with kept():
        from stream_verifier.console.logs import log_to_stdout
        from stream_verifier.hosting.server import run_server

    settings = load_settings(host=host, port=port)
    log_to_stdout(settings.log_format)
    for doubt in doubts():
        _logger.warning("%s", doubt)
    run_server(settings)


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the scripted call.")] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port to listen on.")] = None,
) -> None:
    """Play a scripted call of made-up people, then stay up for a person with a webcam."""
    from stream_verifier.demo.script import run_demo

    settings = load_settings(host=host, port=port)
    try:
        right = asyncio.run(run_demo(settings, once=once, console=Console(emoji=False)))
    except KeyboardInterrupt:
        return
    if not right:
        raise typer.Exit(1)


class Half(StrEnum):
    """Of a pack's people, as `simulation.casting` divides them."""

    FIRST = "first"
    SECOND = "second"


def calibrate_decision(
    pack: Annotated[Path, typer.Option(help="Folder with pictures and speech of your people.")],
    calls: Annotated[int, typer.Option(min=1, help="Calls to compose of them.")] = 600,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 1,
    half: Annotated[
        Half | None, typer.Option(help="Of the people: the other half is left to measure on.")
    ] = None,
    keep_states: Annotated[
        bool,
        typer.Option(
            "--keep-states", help="Fit only what is believed, and how much of it points ask for."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Fit how evidence adds up, and the operating points, to calls of your own people."""
    from stream_verifier.simulation.calibration import run

    run(
        pack,
        calls=calls,
        seed=seed,
        half=half,
        keep_states=keep_states,
        dry_run=dry_run,
        as_json=json,
        console=_out,
    )


def doctor() -> None:
    """Say what is wrong with this machine, if anything."""
    from stream_verifier.console.doctor import examine

    findings = examine(load_settings())
    _out.print(tables.findings_table(findings))
    if any(not finding.ok for finding in findings):
        raise typer.Exit(1)


# In the order in which somebody new comes to need them; typer lists groups after commands.
_START, _PEOPLE, _KEEPING = "Start here", "People", "Keys, store and audit trail"
_ROOMS, _MODEL = "Rooms of other servers", "Model"
for _panel, _commands in {
    _START: (demo, serve, file_commands.enroll, file_commands.verify, watch, doctor),
    _PEOPLE: (consent_commands.retention,),
    _KEEPING: (
        token_commands.key,
        token_commands.token,
        backup_commands.backup,
        backup_commands.restore,
    ),
    _ROOMS: (room_commands.rooms, room_commands.detach),
    _MODEL: (calibrate_decision,),
}.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel)(_command)
app.add_typer(identities_app, name="identities", rich_help_panel=_PEOPLE)
app.add_typer(consent_commands.app, name="consent", rich_help_panel=_PEOPLE)
app.add_typer(key_commands.app, name="keys", rich_help_panel=_KEEPING)
app.add_typer(audit_commands.app, name="audit", rich_help_panel=_KEEPING)
app.add_typer(room_commands.attach_app, name="attach", rich_help_panel=_ROOMS)


def main() -> None:
    """Run the command line; expected errors end with one clear line and exit code 2."""
    write_out_unencodable()
    try:
        with all_written():
            app()
    except (StreamVerifierError, ModelError) as error:
        _end(str(error))
    except BrokenPipeError:  # as libraries have it where they notice it first
        sys.exit(1)
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        where = error.filename or "what this command prints"
        _end(f"The disk is full, {where} could not be written: free some space and try again.")


def _end(why: str) -> NoReturn:
    text = Text.assemble(("Error:", "bold red"), f" {visible(why)}")
    _err.print(text, highlight=False, soft_wrap=True)
    sys.exit(EXIT_ERROR)
