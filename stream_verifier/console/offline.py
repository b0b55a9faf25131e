"""Files through the same pipelines as live calls: verify one, enrol from several."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from model.types import Reference
from stream_verifier.console.plain import visible
from stream_verifier.errors import DamagedMediaError, EnrolmentError, MediaError
from stream_verifier.events.event import Event
from stream_verifier.events.schema import (
    EnrolmentProgress,
    ErrorRaised,
    SessionEnded,
    SessionStarted,
    Totals,
)
from stream_verifier.events.stamper import Stamper
from stream_verifier.media.file import FileSource
from stream_verifier.media.footage.tracks import Kind
from stream_verifier.verify.enrol_files import OF_FACE, OF_VOICE, GivenFile, enrol_from, run
from stream_verifier.verify.recogniser import Recogniser


def verify_file(
    source: FileSource,
    *,
    name: str,
    reference: Reference,
    recogniser: Recogniser,
    operating_point: str | None = None,
) -> Iterator[Event]:
    """Yield the events of a file, the same as the live feed's.

    Raises:
        SettingsError: the model has no such operating point.
        MediaError: the file cannot be opened or breaks off; the events up to there, an error
            event and the end of the session were yielded before.
    """
    pipeline = recogniser.verify_pipeline(
        reference, operating_point=operating_point, burst=source.burst
    )
    stamper = Stamper(f"file-{time.time_ns():x}")
    media_s = 0.0
    yield stamper.stamp(
        SessionStarted(
            media_s=media_s,
            mode="verify",
            identity=name,
            model=recogniser.model_id,
            comparator=recogniser.comparator.name,
            operating_point=recogniser.described(operating_point),
            adapted_from=next(iter(reference.adapted_from), None),
        )
    )
    failure: MediaError | None = None
    try:
        with source:
            for payload in run(pipeline, source):
                media_s = max(media_s, payload.media_s)
                yield stamper.stamp(payload)
    except MediaError as error:
        failure = error
        if isinstance(error, DamagedMediaError) and pipeline.windows:
            failure = DamagedMediaError(f"{error} The verdict is on that alone.")
        message = visible(str(failure))  # The name of a file may be no text.
        yield stamper.stamp(ErrorRaised(media_s=media_s, code=failure.code, message=message))
    reason: Literal["error", "complete"] = "error" if failure else "complete"
    totals = Totals(windows=pipeline.windows)
    yield stamper.stamp(SessionEnded(media_s=media_s, reason=reason, totals=totals))
    if failure is not None:
        raise failure


def enrol_files(
    *,
    videos: Iterable[Path],
    faces: Iterable[Path],
    voices: Iterable[Path],
    recogniser: Recogniser,
    face_rate_hz: float,
    tracks: Mapping[Kind, int] | None = None,
    on_file: Callable[[Path, EnrolmentProgress | None], None] = lambda *_: None,
    on_note: Callable[[str], None] = lambda _: None,
) -> Reference:
    """Make a reference from files, all of one person.

    Pictures were chosen by somebody, so one is enough; a live enrolment asks for more.

    Args:
        videos: show the face and hold the voice.
        faces: of which only the pictures are used.
        voices: of which only the sound is used; the same file may be given as a face too.
        recogniser: has the model.
        face_rate_hz: pictures per second that are looked at.
        tracks: of each kind, the track to use, counted from 1; the best where none is given.
        on_file: called when a file has been read.
        on_note: called with what a user should know of a file, in words.

    Raises:
        EnrolmentError: something is missing, or the files show more than one person.
        MediaError: a file cannot be read.
    """
    videos, faces, voices = list(videos), list(faces), list(voices)
    if not (videos or (faces and voices)):
        raise EnrolmentError(
            "An enrolment needs a face and a voice: give --video, or --face together with --voice."
        )
    given = [GivenFile(path) for path in videos]
    given += [GivenFile(path, OF_FACE) for path in faces]
    given += [GivenFile(path, OF_VOICE) for path in voices]
    return enrol_from(
        given,
        recogniser=recogniser,
        face_rate_hz=face_rate_hz,
        tracks=tracks,
        on_file=lambda file, progress: on_file(Path(file.name), progress),
        on_note=on_note,
    )
