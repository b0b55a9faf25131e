"""The commands that read a person's face and voice in files: to enrol, and to verify.

What a command needs is imported when it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from stream_verifier.console import consent_commands, display
from stream_verifier.console.operator import WAY, operator, operator_as_actor, with_store
from stream_verifier.console.plain import PlainConsole, cell, literal, visible
from stream_verifier.errors import SettingsError
from stream_verifier.settings import load_settings

if TYPE_CHECKING:
    from model.types import Reference
    from stream_verifier.events.event import Event
    from stream_verifier.identities.identity import Identity
    from stream_verifier.identities.store import IdentityStore
    from stream_verifier.media.footage.tracks import Kind

EXIT_NOT_VERIFIED = 3

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
    add: Annotated[
        bool,
        typer.Option(
            "--add", help="Add to an enrolled person's reference: another mood, room or device."
        ),
    ] = False,
    consent_days: consent_commands.Days = None,
    supervised: Annotated[
        bool, typer.Option("--supervised", help="Somebody who answers for it was present.")
    ] = False,
    video_track: VideoTrack = None,
    audio_track: AudioTrack = None,
) -> None:
    """Enrol a person from files; the person must have agreed."""
    from stream_verifier.console.offline import enrol_files
    from stream_verifier.identities.destination import Destination, enrolled_as
    from stream_verifier.identities.origin import MAX_CHARS
    from stream_verifier.verify.recogniser import Recogniser

    if replace and add:
        raise typer.BadParameter("Say --replace or --add, not both.")
    settings = load_settings()
    record = consent_commands.consent_of(
        settings, subject=name, purpose=purpose, text=consent, days=consent_days
    )

    recogniser = Recogniser.load(settings)
    spelt, enrolled = with_store(
        settings,
        lambda store: enrolled_as(
            store,
            name,
            replaces=replace,
            adds=add,
            model_id=recogniser.model_id,
            adapters=recogniser.adapters,
        ),
    )
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

    destination = Destination(
        name=spelt,
        consent=record,
        enrolled=enrolled,
        adds=add,
        way=WAY,
        recorded_by=operator()[:MAX_CHARS],
        supervised=supervised,
        actor=operator_as_actor(),
    )

    identity, alike = with_store(
        settings, lambda store: destination.store(store, reference, recogniser.adapters)
    )
    _tell_enrolled(identity, alike, supervised=supervised, added=add)


def _tell_enrolled(
    identity: Identity, alike: float | None, *, supervised: bool, added: bool
) -> None:
    """Say what was stored, and what there is to doubt about it.

    Args:
        identity: as it is stored now.
        alike: how like who was enrolled before; None where that is not known.
        supervised: whether somebody answers for it.
        added: whether it was added to what was there.
    """
    verb = "Enrolled" if identity.replaces is None else "Replaced"
    said = "Added to" if added else verb
    made = "which is now of" if added else "from"
    _out.print(
        f"{said} [bold]{literal(identity.name)}[/]{',' if added else ''} {made} "
        f"{identity.face_count} picture{'' if identity.face_count == 1 else 's'} and "
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
