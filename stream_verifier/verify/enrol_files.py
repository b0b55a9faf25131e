"""A reference from files that somebody chose: the same windows, samples and checks as live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.types import Reference
from stream_verifier.errors import EnrolmentError, MediaError
from stream_verifier.events.schema import EnrolmentProgress, Payload
from stream_verifier.identities.enrolment import Enrolment
from stream_verifier.identities.requirements import EnrolmentRequirements
from stream_verifier.media.file import FileSource
from stream_verifier.media.footage.tracks import KINDS, Kind
from stream_verifier.media.types import MediaItem
from stream_verifier.verify.intake import Feeding
from stream_verifier.verify.recogniser import STILL_SIDE_PX, Recogniser

OF_FACE: tuple[Kind, ...] = ("video",)
OF_VOICE: tuple[Kind, ...] = ("audio",)


@dataclass(frozen=True, slots=True)
class GivenFile:
    """One of the files of an enrolment.

    Attributes:
        name: its path, or what to call it where its content is given.
        kinds: what of it is used.
        content: all of it; None: it lies at its path.
    """

    name: str | Path
    kinds: Sequence[Kind] = KINDS
    content: bytes | None = None


def run(pipeline: Feeding, items: Iterable[MediaItem]) -> Iterator[Payload]:
    """Feed all items through a pipeline and yield what happens."""
    for item in items:
        yield from pipeline.feed(item)
    yield from pipeline.finish()


def enrol_from(
    files: Sequence[GivenFile],
    *,
    recogniser: Recogniser,
    face_rate_hz: float,
    tracks: Mapping[Kind, int] | None = None,
    longest_s: float | None = None,
    on_file: Callable[[GivenFile, EnrolmentProgress | None], None] = lambda *_: None,
    on_note: Callable[[str], None] = lambda _: None,
) -> Reference:
    """Make a reference from files, all of one person.

    Pictures were chosen by somebody, so one is enough where nothing shows face and voice together;
    a live enrolment asks for more.

    Args:
        files: those with face and voice together first, then faces, then voices.
        recogniser: has the model.
        face_rate_hz: pictures per second that are looked at.
        tracks: of each kind, the track to use, counted from 1; the best where none is given.
        longest_s: a longer recording is refused; None: of any length.
        on_file: called when a file has been read.
        on_note: called with what a user should know of a file, in words.

    Raises:
        EnrolmentError: something is missing, a file is too long, or the files show more than one
            person.
        MediaError: a file cannot be read.
    """
    whole = any(set(file.kinds) == set(KINDS) for file in files)
    requirements = EnrolmentRequirements() if whole else EnrolmentRequirements.from_files()
    enrolment = Enrolment(requirements)
    for file in files:
        # Every file has a timeline of its own, so each gets a front end of its own.
        enrolment.begin_source(Path(file.name).name, kinds=file.kinds)
        pipeline = recogniser.enrol_pipeline(enrolment)
        progress: EnrolmentProgress | None = None
        source = FileSource(
            file.name,
            content=file.content,
            video_rate_hz=face_rate_hz,
            still_side_px=STILL_SIDE_PX,
            kinds=file.kinds,
            tracks={kind: n for kind, n in (tracks or {}).items() if kind in file.kinds},
            on_note=on_note,
        )
        try:
            with source:
                for payload in run(pipeline, _within(source, longest_s)):
                    progress = payload if isinstance(payload, EnrolmentProgress) else progress
        except MediaError as error:
            raise type(error)(f"{error} Nothing was enrolled.") from error
        on_file(file, progress)
    reference = pipeline.reference()
    for finding in enrolment.findings():
        on_note(f"{finding}.")
    return reference


def _within(source: FileSource, longest_s: float | None) -> Iterator[MediaItem]:
    """The media of a file, as long as it may be."""
    for item in source:
        if longest_s is not None and source.position_s > longest_s:
            raise EnrolmentError(
                f"{Path(source.path).name} is longer than {longest_s:g} s: cut it to a part in "
                "which the person is seen or heard well. Nothing was enrolled."
            )
        yield item
