"""A mouth that moves of its own is told from a picture that is moved, turned and lit."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.errors import ModelError
from model.runtime.moving import MOVES_AT, MouthMotion, own_motion, prepared

Face = NDArray[np.uint8]


def made_up(opening_px: float = 0.0) -> Face:
    """Shades like a face's, with a mouth that is open so far."""
    rng = np.random.default_rng(3)
    shades = cv2.resize(rng.uniform(70, 190, (9, 9)).astype(np.float32), (112, 112))
    fine = cv2.resize(rng.normal(0, 14, (36, 36)).astype(np.float32), (112, 112))
    face = np.asarray(shades + fine, np.float32)
    cv2.ellipse(face, (56, 90), (17, 2 + int(opening_px)), 0, 0, 360, 35.0, -1)
    return np.asarray(np.clip(face, 0, 255), np.uint8)


def moved(face: Face, *, shift: float, turn: float, scale: float, gain: float) -> Face:
    matrix = np.asarray(cv2.getRotationMatrix2D((56, 56), turn, scale), np.float64)
    matrix[:, 2] += shift
    there = cv2.warpAffine(face, matrix, (112, 112), borderMode=cv2.BORDER_REFLECT)
    noise = np.random.default_rng(5).normal(0, 2, there.shape)
    return np.asarray(np.clip(there * gain + noise, 0, 255), np.uint8)


@pytest.mark.parametrize(
    ("shift", "turn", "scale", "gain"),
    [(0, 0, 1, 1), (2.5, 0, 1, 1), (0, 4, 1, 1), (0, 0, 1.04, 1), (1.5, -2, 0.98, 0.85)],
)
def test_a_picture_that_is_moved_has_a_mouth_at_rest(
    shift: float, turn: float, scale: float, gain: float
) -> None:
    before = made_up(4)
    now = moved(before, shift=shift, turn=turn, scale=scale, gain=gain)
    assert own_motion(prepared(now), prepared(before)) < MOVES_AT


def test_a_mouth_that_opens_moves_of_its_own_however_the_head_moves() -> None:
    now = moved(made_up(12), shift=1.5, turn=2, scale=1.0, gain=0.9)
    assert own_motion(prepared(now), prepared(made_up(2))) > MOVES_AT


def follow(openings: list[float]) -> MouthMotion:
    motion = MouthMotion()
    for step, opening in enumerate(openings):
        motion.see(step / 25, made_up(opening))
    return motion


def talking() -> list[float]:
    return [7 + 6 * np.sin(step * 0.9) for step in range(50)]


def test_talk_speaks_for_a_mouth_and_speech_over_a_still_against_it() -> None:
    moves, pairs = follow(talking()).evidence(lambda *_: True, until_s=10.0)
    assert pairs > 15
    assert moves > 0.2 * pairs
    rests, as_many = follow([5.0] * 50).evidence(lambda *_: True, until_s=10.0)
    assert as_many == pairs
    assert rests == pytest.approx(-0.175 * pairs)


def test_where_nobody_speaks_a_mouth_at_rest_is_no_evidence() -> None:
    assert follow([5.0] * 50).evidence(lambda *_: False, until_s=10.0) == (0.0, 0)


def test_pairs_wait_until_it_is_known_whether_somebody_spoke() -> None:
    motion = follow(talking())
    first, some = motion.evidence(lambda *_: True, until_s=1.0)
    rest, others = motion.evidence(lambda *_: True, until_s=10.0)
    assert 5 < some < others + some
    together, _ = follow(talking()).evidence(lambda *_: True, until_s=10.0)
    assert first + rest == pytest.approx(together)


@pytest.mark.parametrize(("apart_s", "counts"), [(0.25, True), (0.5, True), (1.0, False)])
def test_of_a_slow_camera_pictures_further_apart_are_compared(apart_s: float, counts: bool) -> None:
    motion = MouthMotion()
    for step in range(10):
        motion.see(step * apart_s, made_up(5.0))
    nats, pairs = motion.evidence(lambda *_: True, until_s=10.0)
    assert (pairs > 25) is counts  # nine pairs, each worth up to four of a fast camera's
    assert nats == pytest.approx(-0.175 * pairs)


def test_another_face_is_not_compared_with_the_last() -> None:
    motion = follow(talking())
    motion.forget()
    assert motion.evidence(lambda *_: True, until_s=10.0) == (0.0, 0)


@pytest.mark.parametrize("face", [np.zeros((112, 112, 3), np.uint8), np.zeros((112, 112))])
def test_what_is_no_aligned_grey_face_is_refused(face: Face) -> None:
    with pytest.raises(ModelError, match="grey"):
        MouthMotion().see(0.0, face)
