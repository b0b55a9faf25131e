"""A whole call, drawn: a portrait that turns on its own mesh, measured by the pipeline."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from model.data.turning import Shape, turned, turned_mesh
from model.runtime.detect import FaceDetector
from model.runtime.mesh import FaceMesh
from model.runtime.weights import Weights
from model.types import Reference
from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames
from stream_verifier.events.schema import ChallengeResult, Payload, Reason, StateChanged, Turn
from stream_verifier.media.burst import BurstWish
from stream_verifier.media.types import AudioChunk, VideoFrame
from stream_verifier.settings import load_settings
from stream_verifier.verify.channels.challenge.kind import Challenge, Task
from stream_verifier.verify.recogniser import Recogniser
from tests.support.calls import SMALL
from tests.support.turning_heads import path

FPS = 15
TURNS: tuple[Turn, ...] = ("left", "left")
BEFORE_S = 3.0


def drawn(shape: Shape) -> Iterator[NDArray[np.uint8]]:
    """Grace, at first as she is, then turning; the picture's own left is easier to draw."""
    person = next(one for one in DEMO_PEOPLE if one.id == "grace")
    frame = next(portrait_frames(person, seconds=1, size=SMALL))
    weights = Weights.load()
    face = FaceDetector(weights.path("face_detector")).detect(frame)[0]
    points, _ = FaceMesh.load(weights).locate(frame, face.box, face.landmarks)
    angles = [0.0] * round(BEFORE_S * FPS) + [*path(TURNS, reach_deg=40, turn_s=0.7)]
    known: dict[int, NDArray[np.uint8]] = {}
    for angle in [*angles, *[0.0] * 120]:
        key = round(angle / 3)
        if key not in known:
            angle = 3.0 * key
            if shape == "head":
                known[key] = turned_mesh(frame, points, angle)
            else:
                known[key] = turned(frame, face.landmarks, angle, shape=shape)
        yield known[key]


def call(recogniser: Recogniser, reference: Reference, shape: Shape) -> list[Payload]:
    burst = BurstWish()
    pipeline = recogniser.verify_pipeline(reference, burst=burst)
    told: list[Payload] = []
    for step, image in enumerate(drawn(shape)):
        at_s = step / FPS
        if step == round(BEFORE_S * FPS):
            task = Task(kind="turn_head", within_s=10.0, turns=TURNS, chance=0.25)
            pipeline.ask(Challenge("c1", task, at_s))
        regular = step % 7 == 0
        if burst.grants(at_s) or regular:
            told += pipeline.feed(VideoFrame(image, at_s, burst=not regular))
        told += pipeline.feed(AudioChunk(np.zeros(16_000 // FPS, np.int16), at_s))
    return told + pipeline.finish()


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.load(load_settings(presence="hold"))


def named_after(told: list[Payload], at_s: float) -> set[Reason]:
    changes = [one for one in told if isinstance(one, StateChanged) and one.media_s >= at_s]
    return {reason for one in changes for reason in one.reasons}


def test_a_head_that_turns_as_asked_passes_and_is_not_held_back_for_it(
    recogniser: Recogniser, grace: Reference
) -> None:
    told = call(recogniser, grace, "head")
    result = next(one for one in told if isinstance(one, ChallengeResult))
    assert (result.challenge, result.outcome, result.why) == ("c1", "passed", None)
    assert result.measured.turns == ["left", "left"]
    assert Reason.CHALLENGE_NOT_PASSED not in named_after(told, 0.0)


def test_a_photograph_that_is_turned_does_not_and_is_held_back(
    recogniser: Recogniser, grace: Reference
) -> None:
    told = call(recogniser, grace, "flat")
    result = next(one for one in told if isinstance(one, ChallengeResult))
    assert result.outcome in ("failed", "unanswered")
    assert result.why in ("flat", "no_turn")
    assert Reason.CHALLENGE_NOT_PASSED in named_after(told, result.media_s - 1.0)
