from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.runtime.align import TEMPLATE
from model.runtime.detect import DetectedFace
from model.runtime.quality import measure
from model.types import FaceQuality
from stream_verifier.windows.faces import FaceDetector, align
from stream_verifier.windows.quality import rank, usable
from tests.support.window_media import Pixels

WORDS = Path(__file__).parents[2] / "web_client" / "js" / "languages" / "en.js"
GOOD = FaceQuality(
    size_px=150, sharpness=300, yaw=0, pitch=0, brightness=0.5, contrast=0.2, detection=0.95
)


def found(landmarks: np.ndarray) -> DetectedFace:
    return DetectedFace((0, 0, 112, 112), landmarks.astype(np.float32), 0.9)


def of(detector: FaceDetector, image: Pixels) -> FaceQuality:
    face = detector.detect(image)[0]
    return measure(face, align(image, face.landmarks))


def test_portraits_are_usable(detector: FaceDetector, grace: Pixels, eileen: Pixels) -> None:
    for picture in (grace, eileen):
        quality = of(detector, picture)
        assert usable(quality) == ()
        assert rank(quality) > 0.2
        assert abs(quality.yaw) < 0.3


def test_blur_darkness_and_distance_are_named(detector: FaceDetector, grace: Pixels) -> None:
    blurred = np.asarray(cv2.GaussianBlur(grace, (0, 0), 8), np.uint8)
    assert "face_blurred" in usable(of(detector, blurred))
    face = detector.detect(grace)[0]
    dark = align((grace // 12).astype(np.uint8), face.landmarks)
    assert "face_dark" in usable(measure(face, dark))
    bright = align(np.clip(grace.astype(int) + 230, 0, 255).astype(np.uint8), face.landmarks)
    assert "face_bright" in usable(measure(face, bright))
    small = np.asarray(cv2.resize(grace, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA))
    assert "face_too_small" in usable(of(detector, small.astype(np.uint8)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"size_px": 20.0}, "face_too_small"),
        ({"sharpness": 4.0}, "face_blurred"),
        ({"yaw": -0.8}, "face_turned"),
        ({"pitch": 0.9}, "face_turned"),
        ({"brightness": 0.05}, "face_dark"),
        ({"brightness": 0.97}, "face_bright"),
        ({"contrast": 0.01}, "face_flat"),
    ],
)
def test_each_fault_has_its_reason_in_words(change: dict[str, float], reason: str) -> None:
    assert usable(replace(GOOD, **change)) == (reason,)
    assert rank(replace(GOOD, **change)) <= rank(GOOD)
    assert re.search(rf'^    {reason}: "', WORDS.read_text(encoding="utf-8"), re.MULTILINE)


def test_a_soft_face_is_scored_and_a_smear_is_not(detector: FaceDetector, grace: Pixels) -> None:
    """As over a poor line: what it is worth is the comparator's to say."""
    face = detector.detect(grace)[0]

    def blurred(sigma: float) -> FaceQuality:
        soft = np.asarray(cv2.GaussianBlur(grace, (0, 0), sigma), np.uint8)
        return measure(face, align(soft, face.landmarks))

    qualities = [blurred(sigma) for sigma in (4.0, 6.0, 20.0)]
    assert qualities[1].sharpness < 15
    assert [usable(one) for one in qualities] == [(), (), ("face_blurred",)]


@settings(deadline=None)
@given(degrees=st.floats(-60, 60), scale=st.floats(0.2, 10))
def test_a_tilted_frontal_face_is_frontal(degrees: float, scale: float) -> None:
    matrix = cv2.getRotationMatrix2D((56, 56), degrees, scale)
    landmarks = TEMPLATE @ matrix[:, :2].T + matrix[:, 2]
    quality = measure(found(landmarks), np.zeros((112, 112, 3), np.uint8))
    assert abs(quality.yaw) < 0.05
    assert abs(quality.pitch) < 0.05


def test_the_nose_tells_the_pose() -> None:
    crop = np.zeros((112, 112, 3), np.uint8)
    for shift, sign in ((12.0, 1), (-12.0, -1)):
        turned, nodded = TEMPLATE.copy(), TEMPLATE.copy()
        turned[2, 0] += shift
        nodded[2, 1] += shift
        assert np.sign(measure(found(turned), crop).yaw) == sign
        assert np.sign(measure(found(nodded), crop).pitch) == sign
        assert abs(measure(found(turned), crop).yaw) > 0.5


@settings(deadline=None)
@given(landmarks=st.lists(st.floats(-1e3, 1e3, width=32), min_size=10, max_size=10))
def test_no_landmarks_break_it(landmarks: list[float]) -> None:
    quality = measure(found(np.reshape(landmarks, (5, 2))), np.full((112, 112, 3), 90, np.uint8))
    assert -1 <= quality.yaw <= 1
    assert -1 <= quality.pitch <= 1
    assert 0 <= rank(quality) <= 1
