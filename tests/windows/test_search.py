from __future__ import annotations

import cv2
import numpy as np
import pytest

from model.runtime.detect import Box, DetectedFace
from stream_verifier.media.types import VideoFrame
from stream_verifier.windows.faces import FaceDetector
from stream_verifier.windows.search import FaceSearch
from stream_verifier.windows.tracks import overlap
from tests.support.window_media import Pixels


class Counting(FaceDetector):
    """Notes where it was asked to search."""

    searched: list[str]

    def detect(self, image: Pixels) -> list[DetectedFace]:
        self.searched.append("whole")
        return super().detect(image)

    def detect_near(self, image: Pixels, box: Box) -> list[DetectedFace]:
        self.searched.append("near")
        return super().detect_near(image, box)


@pytest.fixture
def counting(yunet: object) -> Counting:
    detector = Counting(str(yunet))
    detector.searched = []
    return detector


def scene(*people: tuple[Pixels, float, float], scale: float = 0.6) -> Pixels:
    """People at places of a grey frame of 640x480."""
    frame = np.full((480, 640, 3), 127, np.uint8)
    for picture, x, y in people:
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        matrix = np.array([[1.0, 0, x], [0, 1.0, y]])
        cv2.warpAffine(small, matrix, (640, 480), frame, borderMode=cv2.BORDER_TRANSPARENT)
    return frame


def looks(search: FaceSearch, images: list[Pixels], every_s: float = 0.5) -> list[int]:
    """Faces found in each."""
    return [len(search.faces(VideoFrame(i, k * every_s))) for k, i in enumerate(images)]


def test_one_who_sits_still_is_looked_for_all_over_every_third_time(
    counting: Counting, grace: Pixels
) -> None:
    assert looks(FaceSearch(counting), [scene((grace, 200, 80))] * 7) == [1] * 7
    assert counting.searched == ["whole", "near", "near", "whole", "near", "near", "whole"]


def test_where_all_of_the_frame_is_searched_it_is_not_while_the_worker_is_behind(
    counting: Counting, grace: Pixels
) -> None:
    search = FaceSearch(counting, whole_every=1)
    for number, spared in enumerate([False, False, True, True, True, True, False]):
        search.faces(VideoFrame(scene((grace, 200, 80)), number / 2, spared=spared))
    assert counting.searched == ["whole", "whole", "near", "near", "whole", "near", "whole"]


def test_it_says_of_the_face_what_a_whole_search_says(
    detector: FaceDetector, grace: Pixels
) -> None:
    search = FaceSearch(detector, whole_every=100)
    for number in range(8):
        frame = VideoFrame(scene((grace, 150 + 12 * number, 80 + 6 * number)), number / 2)
        (face,), (expected,) = search.faces(frame), detector.detect(frame.image)
        assert np.allclose(face.box, expected.box, atol=0.15 * expected.box[2])
        apart = np.linalg.norm(face.landmarks - expected.landmarks, axis=1)
        assert apart.max() < 0.1 * expected.box[2]


def test_one_who_leaps_away_is_found_in_the_same_look(counting: Counting, grace: Pixels) -> None:
    search = FaceSearch(counting)
    assert looks(search, [scene((grace, 20, 80)), scene((grace, 400, 80))]) == [1, 1]
    assert counting.searched == ["whole", "near", "whole"]


def test_one_who_leaves_is_no_face_in_the_same_look(counting: Counting, grace: Pixels) -> None:
    assert looks(FaceSearch(counting), [scene((grace, 200, 80)), scene()]) == [1, 0]


def test_who_joins_is_seen_within_three_looks_and_in_each_from_then_on(
    counting: Counting, grace: Pixels, eileen: Pixels
) -> None:
    together = scene((grace, 20, 80), (eileen, 400, 80))
    counts = looks(FaceSearch(counting), [scene((grace, 20, 80))] + [together] * 6)
    assert counts[3:] == [2] * 4
    assert counting.searched[-3:] == ["whole"] * 3


def test_one_behind_the_shoulder_is_seen_at_once(
    detector: FaceDetector, grace: Pixels, eileen: Pixels
) -> None:
    alone = scene((grace, 100, 120), scale=0.5)
    x, y, width, height = (round(side) for side in detector.detect(eileen)[0].box)
    face = eileen[y - height // 3 : y + height * 4 // 3, x - width // 3 : x + width * 4 // 3]
    beside = alone.copy()
    beside[140:240, 240:310] = cv2.resize(face, (70, 100), interpolation=cv2.INTER_AREA)
    assert len(detector.detect(beside)) == 2
    assert looks(FaceSearch(detector), [alone, beside]) == [1, 2]


def test_a_picture_that_breaks_off_is_searched_all_over(counting: Counting, grace: Pixels) -> None:
    search = FaceSearch(counting)
    frame = scene((grace, 200, 80))
    search.faces(VideoFrame(frame, 0.0))
    search.faces(VideoFrame(frame, 0.1, prompted=True))
    assert counting.searched == ["whole", "whole"]


@pytest.mark.parametrize("time_s", [1.2, -0.1])
def test_one_seen_long_ago_or_later_is_looked_for_all_over(
    counting: Counting, grace: Pixels, time_s: float
) -> None:
    search = FaceSearch(counting)
    frame = scene((grace, 200, 80))
    search.faces(VideoFrame(frame, 0.0))
    search.faces(VideoFrame(frame, time_s))
    assert counting.searched == ["whole", "whole"]


def test_another_size_and_a_gap_are_searched_all_over(counting: Counting, grace: Pixels) -> None:
    search = FaceSearch(counting)
    frame = scene((grace, 200, 80))
    search.faces(VideoFrame(frame, 0.0))
    search.faces(VideoFrame(np.ascontiguousarray(frame[:, :600]), 0.3))
    search.reset()
    search.faces(VideoFrame(np.ascontiguousarray(frame[:, :600]), 0.6))
    assert counting.searched == ["whole"] * 3


@pytest.mark.parametrize(
    "box", [(0, 0, 0, 0), (-300, 10, 100, 100), (700, 500, 80, 80), (10, 10, -5, 20), (5, 5, 1, 1)]
)
def test_near_no_place_at_all_nothing_is_found(detector: FaceDetector, box: Box) -> None:
    assert detector.detect_near(np.full((480, 640, 3), 127, np.uint8), box) == []


def test_half_a_face_where_the_search_ends_is_none(counting: Counting, grace: Pixels) -> None:
    frame = scene((grace, 200, 80))
    x, y, width, height = counting.detect(frame)[0].box
    assert len(counting.detect_near(frame, (x, y, width, height))) == 1
    for moved in range(60, 180, 10):  # hundredths of its width
        for way in (-1, 1):
            step = round(way * moved / 100 * width)
            search, after = FaceSearch(counting), scene((grace, 200 + step, 80))
            search.faces(VideoFrame(frame, 0.0))
            (found,), (expected,) = search.faces(VideoFrame(after, 0.5)), counting.detect(after)
            assert overlap(found.box, expected.box) > 0.7


def test_a_face_at_the_frames_edge_is_taken_as_far_as_it_is_seen(
    detector: FaceDetector, grace: Pixels
) -> None:
    frame = scene((grace, 200, 80))
    x, *_ = detector.detect(frame)[0].box
    cut = np.ascontiguousarray(frame[:, round(x) + 10 :])
    (whole,) = detector.detect(cut)
    (near,) = detector.detect_near(cut, whole.box)
    assert overlap(near.box, whole.box) > 0.7
