"""One detector for all calls: several threads, pictures of every size, bounded memory."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.runtime import detect
from model.runtime.detect import DetectedFace, FaceDetector
from model.runtime.weights import Weights
from stream_verifier.demo.people import DEMO_PEOPLE

Pixels = NDArray[np.uint8]
SIZES = [(640, 480), (1280, 720), (360, 640), (333, 217), (640, 360), (100, 90), (480, 480)]


@pytest.fixture(scope="module")
def yunet() -> Path:
    return Weights.load().path("face_detector")


@pytest.fixture(scope="module")
def pictures() -> list[Pixels]:
    portrait = DEMO_PEOPLE[0].load()
    return [np.asarray(cv2.resize(portrait, size), np.uint8) for size in SIZES]


def told(faces: list[DetectedFace]) -> list[tuple[tuple[float, ...], float]]:
    return [(face.box, face.score) for face in faces]


def alone(path: Path, picture: Pixels) -> list[tuple[tuple[float, ...], float]]:
    return told(FaceDetector(path).detect(picture))


def test_what_was_searched_before_changes_nothing(yunet: Path, pictures: list[Pixels]) -> None:
    expected = [alone(yunet, picture) for picture in pictures]
    assert sum(map(len, expected)) >= len(SIZES) - 2
    shared = FaceDetector(yunet)
    for order in (range(len(SIZES)), reversed(range(len(SIZES))), [0, 0, 1, 1]):
        for number in order:
            assert told(shared.detect(pictures[number])) == expected[number]
            (x, y, wide, high), _ = expected[0][0]
            near = shared.detect_near(pictures[0], (x, y, wide, high))
            assert np.allclose(near[0].box, (x, y, wide, high), atol=0.15 * wide)


def test_threads_find_what_each_would_find_alone(yunet: Path, pictures: list[Pixels]) -> None:
    expected = [alone(yunet, picture) for picture in pictures]
    shared = FaceDetector(yunet, copies=2)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(shared.detect, pictures * 4))
    assert [told(faces) for faces in found] == expected * 4


@pytest.mark.parametrize("copies", [1, 3])
def test_no_more_networks_are_loaded_than_threads_and_sizes_want(
    yunet: Path, pictures: list[Pixels], copies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[int] = []
    load, lock = detect._load, threading.Lock()

    def counting(*arguments: object) -> object:
        with lock:
            loaded.append(1)
        return load(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(detect, "_load", counting)
    shared = FaceDetector(yunet, copies=copies)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(shared.detect, pictures * 4))
    assert 1 + detect._SIZES <= len(loaded) <= copies * (1 + detect._SIZES)
