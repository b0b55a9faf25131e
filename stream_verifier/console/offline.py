"""Files through the same pipelines as live calls: verify one, enrol from several."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal

from model.types import Reference
from stream_verifier.errors import EnrolmentError, MediaError
from stream_verifier.events.event import Event
from stream_verifier.events.schema import (
    EnrolmentProgress,
    ErrorRaised,
    Payload,
    SessionEnded,
    SessionStarted,
    Totals,
)
from stream_verifier.events.stamper import Stamper
from stream_verifier.identities.enrolment import Enrolment, EnrolmentRequirements
from stream_verifier.media.file import FileSource
from stream_verifier.media.types import AudioChunk, MediaItem, VideoFrame
from stream_verifier.verify.engine import Pipeline
from stream_verifier.verify.recogniser import Recogniser


def run(pipeline: Pipeline, items: Iterable[MediaItem]) -> Iterator[Payload]:
    """Feed all items through a pipeline and yield what happens."""
    for item in items:
        yield from pipeline.feed(item)
    yield from pipeline.finish()


def verify_file(
    path: Path,
    *,
    name: str,
    reference: Reference,
    recogniser: Recogniser,
    face_rate_hz: float,
    operating_point: str | None = None,
) -> Iterator[Event]:
    """Yield the events of a file, the same as the live feed's.

    Raises:
        SettingsError: the model has no such operating point.
        MediaError: the file cannot be opened or breaks off; the events up to there, an error
            event and the end of the session were yielded before.
    """
    pipeline = recogniser.verify_pipeline(reference, operating_point=operating_point)
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
        )
    )
    failure: MediaError | None = None
    try:
        with FileSource(path, video_rate_hz=face_rate_hz) as source:
            for payload in run(pipeline, source):
                media_s = max(media_s, payload.media_s)
                yield stamper.stamp(payload)
    except MediaError as error:
        failure = error
        yield stamper.stamp(ErrorRaised(media_s=media_s, code=error.code, message=str(error)))
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
    on_file: Callable[[Path, EnrolmentProgress | None], None] = lambda *_: None,
) -> Reference:
    """Make a reference from files, all of one person.

    Pictures were chosen by somebody, so one is enough; a live enrolment asks for more.

    Raises:
        EnrolmentError: something is missing, or the files show more than one person.
        MediaError: a file cannot be read.
    """
    videos, faces, voices = list(videos), list(faces), list(voices)
    if not (videos or (faces and voices)):
        raise EnrolmentError(
            "An enrolment needs a face and a voice: give --video, or --face together with --voice."
        )
    requirements = EnrolmentRequirements() if videos else EnrolmentRequirements.from_files()
    enrolment = Enrolment(requirements)
    for path in [*videos, *faces, *voices]:
        # Every file has a timeline of its own, so each gets a front end of its own.
        enrolment.begin_source()
        pipeline = recogniser.enrol_pipeline(enrolment)
        progress: EnrolmentProgress | None = None
        with FileSource(path, video_rate_hz=face_rate_hz) as source:
            items = _one_kind(source, path in faces, path in voices)
            for payload in run(pipeline, items):
                progress = payload if isinstance(payload, EnrolmentProgress) else progress
        on_file(path, progress)
    return enrolment.reference(recogniser.model_id)


def _one_kind(source: Iterable[MediaItem], face: bool, voice: bool) -> Iterator[MediaItem]:
    """Of a file given as --face take the picture only, as --voice the sound only."""
    for item in source:
        if face and not isinstance(item, VideoFrame):
            continue
        if voice and not isinstance(item, AudioChunk):
            continue
        yield item
