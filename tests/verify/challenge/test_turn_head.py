"""Turns of a head, from the media of a call to a finding; the head is a drawing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from model.runtime.detect import DetectedFace
from stream_verifier.events.schema import Turn
from stream_verifier.media.types import VideoFrame
from stream_verifier.verify.channels.challenge.following import FaceFollower
from stream_verifier.verify.channels.challenge.kind import Finding, Task
from stream_verifier.verify.channels.challenge.turn_head import TurnHead, TurningHead
from tests.support.turning_heads import RATE_HZ, KnowingMesh, path, seen

ASKED: tuple[Turn, ...] = ("left", "right", "right")
IMAGE = np.full((480, 640, 3), 120, np.uint8)


class KnowingDetector:
    """Finds the face that the test says is there."""

    def __init__(self, faces: Iterable[NDArray[np.float64] | None]) -> None:
        self._faces = iter(faces)

    def detect(self, image: NDArray[np.uint8]) -> list[DetectedFace]:
        points = next(self._faces)
        if points is None:
            return []
        x, y = points[:, 0].mean() - 70, points[:, 1].mean() - 90
        return [DetectedFace((x, y, 140.0, 180.0), points.astype(np.float32), 0.9)]

    def detect_near(self, image: NDArray[np.uint8], box: object) -> list[DetectedFace]:
        return self.detect(image)


def answer(
    faces: list[NDArray[np.float64] | None],
    *,
    image: NDArray[np.uint8] = IMAGE,
    rate_hz: float = RATE_HZ,
) -> Finding:
    attempt = TurningHead(
        Task(kind="turn_head", within_s=13, turns=ASKED),
        10.0,
        FaceFollower(KnowingDetector(faces)),  # type: ignore[arg-type]
        KnowingMesh(),  # type: ignore[arg-type]
    )
    for step in range(len(faces)):
        attempt.take(VideoFrame(image, 10.0 + (step + 1) / rate_hz))
        if (finding := attempt.finding(over=False)) is not None:
            return finding
    finding = attempt.finding(over=True)
    assert finding is not None
    return finding


def heads(angles: Iterable[float], **kind: bool) -> list[NDArray[np.float64] | None]:
    return [seen(angle, **kind) for angle in angles]


def test_turns_as_they_were_asked_pass_and_tell_what_was_measured() -> None:
    found = answer(heads(path(ASKED)))
    assert (found.outcome, found.why) == ("passed", None)
    assert found.measured.turns == ["left", "right", "right"]
    assert found.measured.reaction_s == pytest.approx(0.65, abs=0.15)
    assert found.measured.pictures > 40
    assert found.measured.words is None


@pytest.mark.parametrize(
    ("faces", "outcome", "why"),
    [
        (lambda: heads(path(("left", "left", "right"))), "failed", "other_side"),
        (lambda: heads(path(("left", "right"))), "failed", "too_few_turns"),
        (lambda: heads(path(ASKED), flat=True), "failed", "flat"),
        (lambda: heads([0.0] * 100), "unanswered", "no_turn"),
        (lambda: [None] * 100, "not_measurable", "no_face"),
        (lambda: heads([0.0] * 8 + [50.0] * 8 + [0.0] * 8), "failed", "not_continuous"),
        (lambda: heads([50.0] * 100), "not_measurable", "never_at_rest"),
    ],
)
def test_what_is_no_answer_is_told_apart(
    faces: Callable[[], list[NDArray[np.float64] | None]], outcome: str, why: str
) -> None:
    found = answer(faces())
    assert (found.outcome, found.why) == (outcome, why)


def test_a_motion_that_began_before_does_not_count() -> None:
    found = answer(heads([*path(ASKED)][12:]))
    assert (found.outcome, found.why) == ("failed", "other_side")
    assert found.measured.turns == ["right"]


def test_in_the_dark_and_with_few_pictures_nothing_is_said_against_anybody() -> None:
    dark = answer([None] * 60, image=np.full((480, 640, 3), 10, np.uint8))
    assert (dark.outcome, dark.why) == ("not_measurable", "too_dark")
    slow = answer(heads([0.0] * 20), rate_hz=2.0)
    assert (slow.outcome, slow.why) == ("not_measurable", "too_few_pictures")


def test_a_leap_of_the_face_is_a_cut() -> None:
    faces = heads(path(ASKED))
    faces[20:] = [None if one is None else one + 200 for one in faces[20:]]
    assert answer(faces).why == "not_continuous"


def test_tasks_are_drawn_by_chance_and_longer_each_time() -> None:
    kind = TurnHead()
    drawn = {kind.draw(random.Random(seed), before=0).turns for seed in range(60)}
    assert len(drawn) == 8
    longer = [kind.draw(random.Random(1), before=before) for before in (0, 1, 9)]
    assert [len(one.turns) for one in longer] == [3, 4, 6]
    assert [one.chance for one in longer] == [1 / 8, 1 / 16, 1 / 64]
