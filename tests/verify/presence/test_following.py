"""Where a face is in a burst, though only every other picture is searched for it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.runtime.align import TEMPLATE
from model.runtime.detect import Box, DetectedFace, FaceDetector
from model.runtime.weights import Weights
from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames
from stream_verifier.media.types import VideoFrame
from stream_verifier.verify.channels.presence.following import BurstFace, FoundFace
from stream_verifier.windows.faces import in_fractions

ADA, GRACE = DEMO_PEOPLE
PX = float(np.linalg.norm(TEMPLATE[1] - TEMPLATE[0]))
"""Between the eyes, in the face tower's crop."""


class CountedDetector(FaceDetector):
    """Knows how many pictures it has searched."""

    def __init__(self) -> None:
        super().__init__(Weights.load().path("face_detector"))
        self.searched: list[int] = []

    def detect(self, image: NDArray[np.uint8]) -> list[DetectedFace]:
        self._count(image)
        return super().detect(image)

    def detect_near(self, image: NDArray[np.uint8], box: Box) -> list[DetectedFace]:
        self._count(image)
        return super().detect_near(image, box)

    def detect_next(self, image: NDArray[np.uint8], box: Box) -> list[DetectedFace]:
        self._count(image)
        return super().detect_next(image, box)

    def _count(self, image: NDArray[np.uint8]) -> None:
        if id(image) not in self.searched:
            self.searched.append(id(image))

    def has_searched(self, frame: VideoFrame) -> bool:
        return id(frame.image) in self.searched


@pytest.fixture(scope="module")
def plain() -> FaceDetector:
    return FaceDetector(Weights.load().path("face_detector"))


@pytest.fixture
def detector() -> CountedDetector:
    return CountedDetector()


def burst(person: DemoPerson, count: int, *, rate_hz: float = 15.0) -> list[VideoFrame]:
    """A head that drifts, nears and tilts."""
    pictures = portrait_frames(person, seconds=count / rate_hz, fps=rate_hz, seed=4)
    return [
        VideoFrame(picture, number / rate_hz, burst=True) for number, picture in enumerate(pictures)
    ]


def moved(frame: VideoFrame, across_px: float, down_px: float = 0.0) -> VideoFrame:
    shift = np.array([[1.0, 0, across_px], [0, 1, down_px]])
    there = cv2.warpAffine(frame.image, shift, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    return replace(frame, image=np.asarray(there, np.uint8))


def following(detector: FaceDetector, frame: VideoFrame) -> BurstFace:
    """Told where the face is, as a window's look tells."""
    face = BurstFace(detector)
    face.near(in_fractions(detector.detect(frame.image)[0].box, frame.image))
    return face


def apart(found: FoundFace, frame: VideoFrame, detector: FaceDetector) -> float:
    """How far off a face's landmarks are on average, in pixels of the face tower's crop."""
    sought = detector.detect_near(frame.image, found.face.box)[0].landmarks
    away = np.abs(found.face.landmarks.mean(axis=0) - sought.mean(axis=0)).max()
    return float(away * PX / np.linalg.norm(sought[1] - sought[0]))


@pytest.mark.parametrize("person", DEMO_PEOPLE, ids=lambda person: person.name)
def test_between_two_searches_a_face_is_as_near_to_where_it_is_as_in_them(
    detector: CountedDetector, person: DemoPerson
) -> None:
    still = burst(person, 1)[0]
    path = [(36 * np.sin(k / 5), 9 * np.cos(k / 4)) for k in range(41)]
    frames = [
        replace(moved(still, across, down), time_s=k / 15) for k, (across, down) in enumerate(path)
    ]
    face = following(detector, frames[0])
    found = [one for frame in frames for one in face.see(frame)]
    assert [one.time_s for one in found] == [frame.time_s for frame in frames]
    places = np.stack([one.face.landmarks.mean(axis=0) for one in found]) - path
    eyes = np.linalg.norm(np.subtract(*found[0].face.landmarks[:2]))
    off = np.abs(places - places.mean(axis=0)).max(axis=1) * PX / eyes
    searched = np.array([detector.has_searched(frame) for frame in frames])
    assert 21 <= searched.sum() <= 26
    assert off[~searched].max() < 2.5
    assert off[~searched].mean() < off[searched].mean() + 0.1


def test_in_a_picture_that_stands_a_face_does_not_tremble(detector: CountedDetector) -> None:
    still = burst(ADA, 1)[0]
    face = following(detector, still)
    x, y, wide, high = face._box or (0, 0, 0, 0)
    found = []
    for number in range(12):
        face.near((x + 0.03 * wide * (number % 3), y, wide, high * (1 + 0.02 * (number % 2))))
        found += face.see(replace(still, time_s=number / 15))
    assert len(found) == 11
    # The first of all is sought in more of the picture.
    for one in found[3:]:
        np.testing.assert_allclose(one.face.landmarks, found[2].face.landmarks, atol=1e-3)


def test_a_face_that_jumps_between_two_searches_is_searched_anew(detector: CountedDetector) -> None:
    first, second, third = burst(ADA, 3)
    second, third = moved(second, 90), moved(third, 90)
    face = following(detector, first)
    found = [one for frame in (first, second, third) for one in face.see(frame)]
    assert [one.time_s for one in found] == [first.time_s, second.time_s, third.time_s]
    assert detector.has_searched(second)
    assert apart(found[1], second, detector) < 3.0


def test_a_face_that_jumps_there_and_back_is_searched_anew(detector: CountedDetector) -> None:
    first, second, third = burst(ADA, 3)
    second = moved(second, 60)
    face = following(detector, first)
    found = [one for frame in (first, second, third) for one in face.see(frame)]
    assert detector.has_searched(second)
    assert apart(found[1], second, detector) < 3.0


def test_another_face_between_two_searches_is_searched(detector: CountedDetector) -> None:
    first, _, third = burst(ADA, 3)
    other = burst(GRACE, 2)[1]
    face = following(detector, first)
    found = [one for frame in (first, other, third) for one in face.see(frame)]
    assert len(found) == 3
    assert detector.has_searched(other)
    assert apart(found[1], other, detector) < 3.0


@pytest.mark.parametrize("apart_s", [0.12, 0.5])
def test_of_a_slow_camera_each_picture_is_searched(
    detector: CountedDetector, apart_s: float
) -> None:
    frames = [replace(one, time_s=place * apart_s) for place, one in enumerate(burst(ADA, 4))]
    face = following(detector, frames[0])
    assert [len(face.see(frame)) for frame in frames] == [1] * 4
    assert all(detector.has_searched(frame) for frame in frames)


def test_where_the_picture_did_not_go_on_it_is_searched_at_once(detector: CountedDetector) -> None:
    first, second = burst(ADA, 2)
    second = replace(second, prompted=True)
    face = following(detector, first)
    assert [len(face.see(frame)) for frame in (first, second)] == [1, 1]


def test_a_picture_of_another_size_is_searched_at_once(detector: CountedDetector) -> None:
    first, second = burst(ADA, 2)
    small = np.asarray(cv2.resize(second.image, (320, 240)), np.uint8)
    face = following(detector, first)
    found = [one for frame in (first, replace(second, image=small)) for one in face.see(frame)]
    assert [one.grey.shape for one in found] == [(480, 640), (240, 320)]


def test_a_picture_that_waits_is_searched_where_none_follows_on_it(
    detector: CountedDetector,
) -> None:
    first, second, late = burst(ADA, 3)
    late = replace(late, time_s=5.0)
    face = following(detector, first)
    assert [len(face.see(frame)) for frame in (first, second, late)] == [1, 0, 2]
    assert detector.has_searched(second)
    last = replace(second, time_s=5.05)
    assert face.see(last) == []
    assert [one.time_s for one in face.settle()] == [5.05]
    assert face.settle() == []
    assert (face._last, face._waiting) == (None, None)


def test_what_waits_is_gone_once_it_is_forgotten(detector: CountedDetector) -> None:
    frames = burst(ADA, 3)
    face = following(detector, frames[0])
    assert [len(face.see(frame)) for frame in frames[:2]] == [1, 0]
    face.forget()
    assert face.settle() == []
    assert face.see(frames[2]) == []  # nobody has said where to look


def test_where_there_is_no_face_nothing_is_found(detector: CountedDetector) -> None:
    first, second, third = burst(ADA, 3)
    face = following(detector, first)
    empty = np.full_like(first.image, 90)
    found = [face.see(first), face.see(second), face.see(replace(third, image=empty))]
    assert [len(each) for each in found] == [1, 0, 1]
    assert detector.has_searched(second)


def test_pictures_out_of_order_are_passed_over(detector: CountedDetector) -> None:
    first, second, third = burst(ADA, 3)
    face = following(detector, second)
    assert len(face.see(second)) == 1
    assert face.see(first) == face.see(second) == []
    assert face.see(third) == face.see(second) == face.see(third) == []
    assert [one.time_s for one in face.settle()] == [third.time_s]
