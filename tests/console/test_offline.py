from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.types import Reference
from stream_verifier.console.offline import enrol_files, verify_file
from stream_verifier.console.timeline import read_timeline
from stream_verifier.errors import DamagedMediaError, MediaError, SettingsError
from stream_verifier.events.event import Event
from stream_verifier.events.schema import ErrorRaised, Score, SessionEnded, StateChanged
from stream_verifier.media.file import FileSource
from stream_verifier.settings import load_settings
from stream_verifier.verify.recogniser import Recogniser
from tests.support.calls import VERIFIED_S, DemoCalls

FACE_RATE_HZ = 2.0


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.load(load_settings())


@pytest.fixture(scope="module")
def grace(recogniser: Recogniser, demo_calls: DemoCalls) -> Reference:
    return enrol_files(
        videos=[demo_calls.enrolment("grace")],
        faces=(),
        voices=(),
        recogniser=recogniser,
        face_rate_hz=FACE_RATE_HZ,
    )


def follow(path: Path, reference: Reference, recogniser: Recogniser, events: list[Event]) -> None:
    events.extend(
        verify_file(
            FileSource(path, video_rate_hz=FACE_RATE_HZ),
            name="grace",
            reference=reference,
            recogniser=recogniser,
        )
    )


def test_a_recording_that_breaks_off_is_scored_up_to_there(
    recogniser: Recogniser, grace: Reference, demo_calls: DemoCalls, tmp_path: Path
) -> None:
    whole = demo_calls.get("grace", "grace", VERIFIED_S).read_bytes()
    cut = tmp_path / "cut.webm"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    events: list[Event] = []
    with pytest.raises(MediaError, match=r"cut\.webm"):
        follow(cut, grace, recogniser, events)
    types = [event.type for event in events]
    assert types.count("score") >= 3
    assert types[-2:] == ["error", "session_ended"]
    failure, end = events[-2].payload, events[-1].payload
    assert isinstance(failure, ErrorRaised)
    assert isinstance(end, SessionEnded)
    assert (failure.code, end.reason) == ("bad_media", "error")
    assert end.totals.windows == types.count("score")
    timeline = read_timeline(events)
    assert timeline.failure == failure.message
    assert len(timeline.points) == types.count("score")
    assert timeline.spans[-1].state == "verified"


def test_the_same_file_gives_the_same_events(
    recogniser: Recogniser, grace: Reference, demo_calls: DemoCalls
) -> None:
    runs: list[list[Event]] = [[], []]
    for events in runs:
        follow(demo_calls.get("grace", "eileen", VERIFIED_S), grace, recogniser, events)
    drop = {"wall", "session"}
    first, second = (
        [{k: v for k, v in event.fields.items() if k not in drop} for event in events]
        for events in runs
    )
    assert first == second
    assert first[-1]["reason"] == "complete"


def test_evidence_and_state_follow_the_operating_point_that_was_asked_for(
    recogniser: Recogniser, grace: Reference, demo_calls: DemoCalls
) -> None:
    name = next(name for name in recogniser.decision_model.points)
    (started, *events) = verify_file(
        FileSource(demo_calls.get("grace", "grace", VERIFIED_S), video_rate_hz=FACE_RATE_HZ),
        name="grace",
        reference=grace,
        recogniser=recogniser,
        operating_point=name,
    )
    point = recogniser.point(name)
    assert point.sure is not None
    assert started.fields["operating_point"] == {
        "name": name,
        "accept": point.accept,
        "reject": point.reject,
        "sure": {"face": point.sure.face, "voice": point.sure.voice},
    }
    payloads = [event.payload for event in events]
    known = [each.evidence.both for each in payloads if isinstance(each, Score) and each.evidence]
    assert known[-1] >= point.accept
    changes = [each for each in payloads if isinstance(each, StateChanged)]
    assert changes[-1].state == "verified"
    assert changes[-1].llr in known


def test_an_unknown_operating_point_is_told_before_anything_is_read(
    recogniser: Recogniser, grace: Reference, tmp_path: Path
) -> None:
    events = verify_file(
        FileSource(tmp_path / "missing.mp4"),
        name="grace",
        reference=grace,
        recogniser=recogniser,
        operating_point="guess",
    )
    with pytest.raises(SettingsError, match="guess"):
        next(events)


def test_a_reference_is_made_of_unit_vectors_in_the_models_space(
    recogniser: Recogniser, grace: Reference
) -> None:
    assert grace.model_id == recogniser.model_id
    assert np.linalg.norm(grace.face) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(grace.voice) == pytest.approx(1, abs=1e-5)
    assert grace.speech_s >= 8


def test_a_damaged_file_enrols_nobody_and_says_so(
    recogniser: Recogniser, demo_calls: DemoCalls, tmp_path: Path
) -> None:
    whole = demo_calls.get("grace", "grace", VERIFIED_S).read_bytes()
    cut = tmp_path / "cut.webm"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(DamagedMediaError, match="bytes are missing.*Nothing was enrolled"):
        enrol_files(
            videos=[cut],
            faces=(),
            voices=(),
            recogniser=recogniser,
            face_rate_hz=FACE_RATE_HZ,
        )
