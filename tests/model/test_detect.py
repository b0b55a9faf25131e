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
from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames

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


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1280, 720)])
@pytest.mark.parametrize("person", DEMO_PEOPLE, ids=lambda person: person.name)
def test_in_the_next_picture_a_face_is_found_where_a_search_near_it_finds_it(
    yunet: Path, person: DemoPerson, size: tuple[int, int]
) -> None:
    picture = next(portrait_frames(person, seconds=0.1, size=size))
    detector = FaceDetector(yunet)
    whole = detector.detect(picture)[0]
    x, y, wide, high = whole.box
    between_eyes = float(np.linalg.norm(whole.landmarks[1] - whole.landmarks[0]))
    for away in (-0.1, 0.0, 0.1):
        before = (x + away * wide, y - away * high, wide, high)
        near, after = detector.detect_near(picture, before), detector.detect_next(picture, before)
        assert len(near) == len(after) == 1
        off = np.abs((near[0].landmarks - after[0].landmarks).mean(axis=0)).max()
        assert off < 0.1 * between_eyes


@pytest.mark.parametrize(
    "box", [(0.0, 0.0, 0.0, 5.0), (9e3, 9e3, 50.0, 50.0), (5.0, 5.0, 1.0, 1.0)]
)
def test_where_there_is_nothing_to_search_no_face_comes_next(
    yunet: Path, pictures: list[Pixels], box: tuple[float, float, float, float]
) -> None:
    assert FaceDetector(yunet).detect_next(pictures[0], box) == []


def test_a_face_that_has_left_what_is_searched_does_not_come_next(
    yunet: Path, pictures: list[Pixels]
) -> None:
    detector = FaceDetector(yunet)
    x, y, wide, high = detector.detect(pictures[0])[0].box
    assert detector.detect_next(pictures[0], (x + wide, y, wide, high)) == []


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
