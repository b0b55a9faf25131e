"""Speech from espeak-ng and the two public-domain portraits, cut into media items."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, speech
from stream_verifier.windows.faces import FaceDetector
from tests.support.window_media import Pixels, Samples

GRACE, EILEEN = DEMO_PEOPLE


def _talk(person: DemoPerson, seconds: float) -> Samples:
    samples = speech(person, seconds=seconds)
    samples.setflags(write=False)
    return samples


@pytest.fixture(scope="session")
def talk() -> Samples:
    """12 s of one synthetic voice with short pauses, a little noise, -1..1 as int16."""
    return _talk(EILEEN, 12.0)


@pytest.fixture(scope="session")
def other_talk() -> Samples:
    return _talk(GRACE, 12.0)


@pytest.fixture(scope="session")
def yunet() -> Path:
    return Path(__file__).resolve().parents[2] / "model" / "weights" / "yunet.onnx"


@pytest.fixture(scope="session")
def detector(yunet: Path) -> FaceDetector:
    return FaceDetector(yunet)


def _portrait(person: DemoPerson) -> Pixels:
    picture = person.load()
    height, width = picture.shape[:2]
    size = (round(width * 480 / height), 480)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


@pytest.fixture(scope="session")
def grace() -> Pixels:
    """BGR, 480 pixels high."""
    return _portrait(GRACE)


@pytest.fixture(scope="session")
def eileen() -> Pixels:
    """BGR, 480 pixels high."""
    return _portrait(EILEEN)
