"""Calls in which an impostor's face is shown by turns with the right one, from frame to verdict."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache
from operator import itemgetter

import av
import pytest

from model.types import Reference
from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames, speech
from stream_verifier.events.schema import State, StateChanged
from stream_verifier.identities.enrolment import Enrolment
from stream_verifier.identities.requirements import EnrolmentRequirements
from stream_verifier.media.types import AudioChunk, MediaItem
from stream_verifier.media.video import VideoPicker
from stream_verifier.settings import Settings
from stream_verifier.verify.recogniser import Recogniser
from tests.support.calls import SMALL

GRACE, EILEEN = DEMO_PEOPLE
FPS, SECONDS, BEGIN_S = 15, 16.0, 6.0
ARRIVED_S = 1000.0

Who = Callable[[int], bool]
"""Whether a frame, by its number since the attack began, shows the impostor."""


@cache
def frames(number: int) -> list[av.VideoFrame]:
    pictures = portrait_frames(DEMO_PEOPLE[number], seconds=SECONDS, fps=FPS, size=SMALL)
    return [av.VideoFrame.from_ndarray(one, "bgr24").reformat(format="yuv420p") for one in pictures]


def pictures(who: Who) -> Iterator[tuple[float, MediaItem]]:
    picker = VideoPicker(chance=random.Random(5))
    for number, own in enumerate(frames(0)):
        since = number - round(BEGIN_S * FPS)
        at_s = number / FPS
        shown = frames(1)[number] if since >= 0 and who(since) else own
        for item in picker.push(shown, at_s, arrived_s=ARRIVED_S + at_s):
            yield at_s, item


def call(who: Who) -> list[tuple[float, MediaItem]]:
    """The right voice all the time; each item with the time when it is there."""
    samples = speech(GRACE, seconds=SECONDS)
    sound = [AudioChunk(samples[n : n + 1600], n / 16_000) for n in range(0, len(samples), 1600)]
    items = [(one.end_s, one) for one in sound]
    return sorted([*items, *pictures(who)], key=itemgetter(0))


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.load(Settings())


@pytest.fixture(scope="module")
def reference(recogniser: Recogniser) -> Reference:
    pipeline = recogniser.enrol_pipeline(Enrolment(EnrolmentRequirements.from_files()))
    for at_s, item in call(lambda _: False):
        if at_s < BEGIN_S:
            pipeline.feed(item)
    return pipeline.reference()


def verified_s(recogniser: Recogniser, reference: Reference, who: Who) -> float:
    """Seconds of the attack in which the call is verified."""
    pipeline = recogniser.verify_pipeline(reference)
    total_s, since_s = 0.0, SECONDS
    for at_s, item in call(who):
        for told in pipeline.feed(item):
            if isinstance(told, StateChanged) and told.state is State.VERIFIED:
                since_s = at_s
            elif isinstance(told, StateChanged) and told.previous is State.VERIFIED:
                total_s += max(0.0, at_s - max(since_s, BEGIN_S))
                since_s = SECONDS
    return total_s + max(0.0, SECONDS - max(since_s, BEGIN_S))


def test_the_right_person_alone_is_verified_throughout(
    recogniser: Recogniser, reference: Reference
) -> None:
    assert verified_s(recogniser, reference, lambda _: False) == SECONDS - BEGIN_S


_CHANCE = random.Random(9)
_BURSTS = [_CHANCE.random() < 0.3 for _ in range(round(SECONDS * FPS / 2))]


@pytest.mark.parametrize(
    "who",
    [
        pytest.param(lambda n: n % 15 not in (0, 7, 8), id="all but a fixed grid's"),
        pytest.param(lambda n: n % 3 == 0, id="every third"),
        pytest.param(lambda n: _BURSTS[n // 2], id="bursts at random"),
        pytest.param(lambda n: n // (2 * FPS) % 2 == 0, id="turns of 2 s"),
    ],
)
def test_who_shows_another_face_by_turns_is_not_verified(
    recogniser: Recogniser, reference: Reference, who: Who
) -> None:
    assert verified_s(recogniser, reference, who) <= 2.0
