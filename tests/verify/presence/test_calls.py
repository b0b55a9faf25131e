"""The people of the demo are pictures: they talk without moving their lips."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from model.types import Reference
from stream_verifier.console.offline import verify_file
from stream_verifier.events.schema import Reason, Score, State, StateChanged
from stream_verifier.media.file import FileSource
from stream_verifier.media.types import MediaItem, VideoFrame
from stream_verifier.settings import load_settings
from stream_verifier.verify.recogniser import Recogniser
from tests.support.calls import DemoCalls


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


def slowly(items: Iterable[MediaItem]) -> Iterator[MediaItem]:
    """Two or three pictures a second, bursts or not."""
    last_s = -1.0
    for item in items:
        if not isinstance(item, VideoFrame):
            yield item
        elif item.time_s - last_s >= 0.35:
            last_s = item.time_s
            yield item


def in_two_sizes(items: Iterable[MediaItem]) -> Iterator[MediaItem]:
    """Each picture of another size than the one before."""
    odd = False
    for item in items:
        if isinstance(item, VideoFrame) and (odd := not odd):
            height, width = item.image.shape[:2]
            small = cv2.resize(item.image, (width - 32, height - 24))
            item = replace(item, image=np.asarray(small, np.uint8))
        yield item


def shaken(items: Iterable[MediaItem]) -> Iterator[MediaItem]:
    """Moved by more than a face's width from each picture to the next."""
    left = False
    for item in items:
        if isinstance(item, VideoFrame) and item.burst and (left := not left):
            item = replace(item, image=np.ascontiguousarray(np.roll(item.image, 160, axis=1)))
        yield item


@pytest.mark.parametrize(
    "dodge",
    [
        slowly,
        pytest.param(in_two_sizes, marks=pytest.mark.slow),
        pytest.param(shaken, marks=pytest.mark.slow),
    ],
)
def test_nobody_gets_by_with_pictures_that_are_hard_to_follow(
    dodge: Callable[[Iterable[MediaItem]], Iterator[MediaItem]],
    grace: Reference,
    demo_calls: DemoCalls,
) -> None:
    source = FileSource(demo_calls.enrolment("grace"))
    recogniser = Recogniser.load(load_settings(presence="hold"))
    pipeline = recogniser.verify_pipeline(grace, burst=source.burst)
    with source:
        for item in dodge(source):
            pipeline.feed(item)
    assert pipeline.verdict.state is not State.VERIFIED
    assert Reason.SPEAKER_NOT_ON_CAMERA in pipeline.verdict.reasons
