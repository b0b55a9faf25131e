"""The command line: serve, demo, enroll, verify, attach, identities, consent, audit, keys, doctor.

What a command needs is imported when it runs, so that ``doctor`` works where a library is missing.
"""

from __future__ import annotations

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from model.errors import ModelError
from stream_verifier.console import (
    audit_commands,
    backup_commands,
    consent_commands,
    display,
    identity_commands,
    key_commands,
    migrate_command,
    refused_commands,
    room_commands,
    token_commands,
)
from stream_verifier.console.operator import WAY, operator, operator_as_actor, with_store
from stream_verifier.console.plain import PlainConsole, cell, literal, visible
from stream_verifier.console.watch import watch
from stream_verifier.errors import SettingsError, StreamVerifierError
from stream_verifier.settings import load_settings

if TYPE_CHECKING:
    from model.types import Reference
    from stream_verifier.events.event import Event
    from stream_verifier.identities.identity import Identity
    from stream_verifier.identities.store import IdentityStore
    from stream_verifier.media.footage.tracks import Kind

T = TypeVar("T")

EXIT_ERROR = 2
EXIT_NOT_VERIFIED = 3

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
app.add_typer(identities_app, name="identities")
app.add_typer(key_commands.app, name="keys")
app.add_typer(consent_commands.app, name="consent")
app.add_typer(audit_commands.app, name="audit")
app.command("retention")(consent_commands.retention)
app.command("token")(token_commands.token)
app.command("key")(token_commands.key)
app.command("backup")(backup_commands.backup)
app.command("restore")(backup_commands.restore)
app.command("watch")(watch)
app.add_typer(room_commands.attach_app, name="attach")
app.command("rooms")(room_commands.rooms)
app.command("detach")(room_commands.detach)

_out = PlainConsole()
_err = PlainConsole(stderr=True)

VideoTrack = Annotated[
    int | None, typer.Option(min=1, help="Picture track to use, of a file with several.")
]
AudioTrack = Annotated[
    int | None, typer.Option(min=1, help="Sound track to use, of a file with several.")
]
ExistingFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


def _file_option(text: str) -> Any:
    return typer.Option(exists=True, dir_okay=False, readable=True, help=text)


def _tracks(video: int | None, audio: int | None) -> dict[Kind, int]:
    """The tracks that were asked for."""
    numbers: dict[Kind, int | None] = {"video": video, "audio": audio}
    return {kind: number for kind, number in numbers.items() if number is not None}


def _note(text: str) -> None:
    """Tell what is worth knowing of a file, beside what a command puts out."""
    _err.print(Text(visible(text), "dim"), highlight=False, soft_wrap=True)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port to listen on.")] = None,
) -> None:
    """Start the server and its pages."""
    from stream_verifier.console.logs import log_to_stdout
    from stream_verifier.hosting.server import run_server

    settings = load_settings(host=host, port=port)
    log_to_stdout(settings.log_format)
    run_server(settings)


@app.command()
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


@app.command()
def enroll(  # noqa: PLR0913 - an argument for each option
    name: Annotated[str, typer.Argument(help="Name to enrol under.")],
    consent: Annotated[str, typer.Option(help="The text that the person agreed to.")],
    video: Annotated[list[Path], _file_option("Face and voice together; repeatable.")] = [],  # noqa: B006
    face: Annotated[list[Path], _file_option("A picture of the face; repeatable.")] = [],  # noqa: B006
    voice: Annotated[list[Path], _file_option("A recording of the voice; repeatable.")] = [],  # noqa: B006
    purpose: Annotated[
        str, typer.Option(help="What the reference may be used for.")
    ] = "verification in video calls",
    replace: Annotated[bool, typer.Option("--replace", help="Replace an enrolled person.")] = False,
    consent_days: consent_commands.Days = None,
    supervised: Annotated[
        bool, typer.Option("--supervised", help="Somebody who answers for it was present.")
    ] = False,
    video_track: VideoTrack = None,
    audio_track: AudioTrack = None,
) -> None:
    """Enrol a person from files; the person must have agreed."""
    from stream_verifier.console.offline import enrol_files
    from stream_verifier.identities.likeness import likeness_to_enrolled
    from stream_verifier.identities.origin import MAX_CHARS, Origin
    from stream_verifier.verify.recogniser import Recogniser

    settings = load_settings()
    record = consent_commands.consent_of(
        settings, subject=name, purpose=purpose, text=consent, days=consent_days
    )
    recogniser = Recogniser.load(settings)
    with display.file_progress(_err, [*video, *face, *voice]) as on_file:
        reference = enrol_files(
            videos=video,
            faces=face,
            voices=voice,
            recogniser=recogniser,
            face_rate_hz=settings.face_rate_hz,
            tracks=_tracks(video_track, audio_track),
            on_file=on_file,
            on_note=_note,
        )

    async def add(store: IdentityStore) -> tuple[Identity, float | None]:
        alike = None
        if replace:
            adapters = recogniser.adapters
            alike = await likeness_to_enrolled(store, name, reference, adapters=adapters)
        origin = Origin(
            way=WAY,
            by=operator()[:MAX_CHARS],
            supervised=supervised,
            replaced_similarity=alike,
        )
        actor = operator_as_actor()
        added = await store.add(
            name, reference, record, replace=replace, origin=origin, actor=actor
        )
        return added, alike

    identity, alike = with_store(settings, add)
    _tell_enrolled(identity, alike, supervised=supervised)


def _tell_enrolled(identity: Identity, alike: float | None, *, supervised: bool) -> None:
    """Say what was stored, and what there is to doubt about it.

    Args:
        identity: as it is stored now.
        alike: how like who was enrolled before; None where that is not known.
        supervised: whether somebody answers for it.
    """
    verb = "Enrolled" if identity.replaces is None else "Replaced"
    _out.print(
        f"{verb} [bold]{literal(identity.name)}[/] from {identity.face_count} pictures and "
        f"{identity.speech_s:.1f} s of speech. No picture and no sound was kept."
    )
    if alike is not None and alike <= 0:
        _note(
            f"The new reference of {identity.name} is rather not the same person's as the old one. "
            "If that was not meant, delete it."
        )
    if not supervised:
        _note(
            "Nobody is on record as having watched. Files can be blends of two people, which "
            "nothing here sees: enrol in somebody's presence and say so with --supervised."
        )


@app.command()
def verify(
    name: Annotated[str, typer.Argument(help="Who it should be.")],
    file: ExistingFile,
    json: Annotated[bool, typer.Option("--json", help="Print one event a line.")] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the timeline into this .png, .svg or .pdf.")
    ] = None,
    operating_point: Annotated[
        str | None, typer.Option(help="Where states change; the setting's without.")
    ] = None,
    video_track: VideoTrack = None,
    audio_track: AudioTrack = None,
) -> None:
    """Check who is in a file; exit 0 if the last verdict is verified, 3 if not."""
    from stream_verifier.console.offline import verify_file
    from stream_verifier.events.schema import State
    from stream_verifier.media.file import FileSource
    from stream_verifier.verify.recogniser import Recogniser

    if plot is not None:
        _check_plot(plot)
    settings = load_settings()
    recogniser = Recogniser.load(settings)
    recogniser.point(operating_point)

    async def look_up(store: IdentityStore) -> Reference:
        return await store.reference(
            name, model_id=recogniser.model_id, adapters=recogniser.adapters
        )

    reference = with_store(settings, look_up)
    source = FileSource(
        file,
        video_rate_hz=settings.face_rate_hz,
        tracks=_tracks(video_track, audio_track),
        on_note=_note,
    )
    events = verify_file(
        source,
        name=name,
        reference=reference,
        recogniser=recogniser,
        operating_point=operating_point,
    )
    seen: list[Event] = []
    try:
        with display.reading_progress(_err, source) as move_on:
            state = display.show_events(
                _out, events, move_on, json=json, seen=None if plot is None else seen
            )
    finally:
        if plot is not None:
            _write_plot(plot, seen, title=visible(f"{file.name}: is it {name}?"))
    if state is not State.VERIFIED:
        raise typer.Exit(EXIT_NOT_VERIFIED)


def _check_plot(path: Path) -> None:
    """Refuse what cannot be drawn before the work starts."""
    try:
        from stream_verifier.console.plot import check_path
    except ImportError as error:
        raise SettingsError(
            f"--plot needs matplotlib ({error}): pip install 'stream-verifier[demo]'"
        ) from error
    check_path(path)


def _write_plot(path: Path, events: list[Event], *, title: str) -> None:
    from stream_verifier.console.plot import write_plot
    from stream_verifier.console.timeline import read_timeline

    write_plot(read_timeline(events), path, title=title)
    _err.print(cell(f"Drew the timeline into {path}"), highlight=False, soft_wrap=True)


class Half(StrEnum):
    """Of a pack's people, as `simulation.casting` divides them."""

    FIRST = "first"
    SECOND = "second"


@app.command("calibrate-decision")
def calibrate_decision(
    pack: Annotated[Path, typer.Option(help="Folder with pictures and speech of your people.")],
    calls: Annotated[int, typer.Option(min=1, help="Calls to compose of them.")] = 600,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 1,
    half: Annotated[
        Half | None, typer.Option(help="Of the people: the other half is left to measure on.")
    ] = None,
    keep_states: Annotated[
        bool,
        typer.Option("--keep-states", help="Fit only what is believed, and the point strict."),
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


@app.command()
def doctor() -> None:
    """Say what is wrong with this machine, if anything."""
    from stream_verifier.console.doctor import examine

    findings = examine(load_settings())
    _out.print(display.findings_table(findings))
    if any(not finding.ok for finding in findings):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line; expected errors end with one clear line and exit code 2."""
    try:
        app()
    except (StreamVerifierError, ModelError) as error:
        text = Text.assemble(("Error:", "bold red"), f" {visible(str(error))}")
        _err.print(text, highlight=False, soft_wrap=True)
        sys.exit(EXIT_ERROR)
