"""The people of the demo are pictures: they talk without moving their lips."""

from __future__ import annotations

import pytest

from model.types import Reference
from stream_verifier.console.offline import enrol_files, verify_file
from stream_verifier.events.schema import Reason, Score, State, StateChanged
from stream_verifier.media.file import FileSource
from stream_verifier.settings import load_settings
from stream_verifier.verify.recogniser import Recogniser
from tests.support.calls import DemoCalls


@pytest.fixture(scope="module")
def grace(demo_calls: DemoCalls) -> Reference:
    return enrol_files(
        videos=[demo_calls.enrolment("grace")],
        faces=(),
        voices=(),
        recogniser=Recogniser.load(load_settings()),
        face_rate_hz=2.0,
    )


def verify(
    presence: str, grace: Reference, demo_calls: DemoCalls
) -> tuple[list[StateChanged], list[Score]]:
    # Of the enrolment: it is the longest recording there is of one person.
    events = verify_file(
        FileSource(demo_calls.enrolment("grace")),
        name="grace",
        reference=grace,
        recogniser=Recogniser.load(load_settings(presence=presence)),
    )
    payloads = [event.payload for event in events]
    changes = [one for one in payloads if isinstance(one, StateChanged)]
    return changes, [one for one in payloads if isinstance(one, Score)]


def test_a_picture_with_the_right_voice_does_not_stay_verified(
    grace: Reference, demo_calls: DemoCalls
) -> None:
    changes, scores = verify("hold", grace, demo_calls)
    last = changes[-1]
    assert last.state is State.UNCERTAIN
    assert Reason.SPEAKER_NOT_ON_CAMERA in last.reasons
    assert (scores[0].presence, scores[-1].presence) == (0, -1)


def test_where_it_is_only_observed_the_picture_is_told_and_stays_verified(
    grace: Reference, demo_calls: DemoCalls
) -> None:
    changes, scores = verify("observe", grace, demo_calls)
    assert changes[-1].state is State.VERIFIED
    assert Reason.SPEAKER_NOT_ON_CAMERA in changes[-1].reasons
    assert scores[-1].presence == -1


def test_where_nobody_asks_nothing_is_told(grace: Reference, demo_calls: DemoCalls) -> None:
    changes, scores = verify("off", grace, demo_calls)
    assert (changes[-1].state, changes[-1].reasons) == (State.VERIFIED, [])
    assert {score.presence for score in scores} == {None}
