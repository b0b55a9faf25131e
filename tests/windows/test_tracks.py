from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_verifier.windows.tracks import Box, FaceTracker, overlap

LEFT: Box = (0.1, 0.3, 0.2, 0.3)
RIGHT: Box = (0.6, 0.3, 0.2, 0.3)

boxes = st.tuples(*[st.floats(0.01, 1) for _ in range(4)])


def test_overlap_of_known_boxes() -> None:
    assert abs(overlap(LEFT, LEFT) - 1) < 1e-12
    assert overlap(LEFT, RIGHT) == 0
    assert abs(overlap((0, 0, 2, 2), (1, 0, 2, 2)) - 1 / 3) < 1e-12


@settings(deadline=None)
@given(boxes, boxes)
def test_overlap_is_a_share_and_symmetric(a: Box, b: Box) -> None:
    assert 0 <= overlap(a, b) <= 1 + 1e-9
    assert abs(overlap(a, b) - overlap(b, a)) < 1e-9


def test_a_moving_face_keeps_its_number() -> None:
    tracker = FaceTracker()
    numbers = {tracker.update([(0.1 + 0.04 * k, 0.3, 0.2, 0.3)], 0.5 * k)[0] for k in range(12)}
    assert len(numbers) == 1


def test_two_faces_keep_theirs_whatever_their_order() -> None:
    tracker = FaceTracker()
    first = tracker.update([LEFT, RIGHT], 0.0)
    assert len(set(first)) == 2
    assert tracker.update([RIGHT, LEFT], 0.5) == first[::-1]


def test_a_short_absence_is_bridged_a_break_is_not() -> None:
    tracker = FaceTracker(break_s=1.1)
    [before] = tracker.update([LEFT], 0.0)
    tracker.update([], 0.5)
    assert tracker.update([LEFT], 1.0) == [before]
    tracker.update([], 1.5)
    tracker.update([], 2.0)
    [after] = tracker.update([LEFT], 2.3)
    assert after != before


def test_one_missed_look_breaks_nothing_since_looks_come_at_random() -> None:
    tracker = FaceTracker(break_s=1.1)
    [before] = tracker.update([LEFT], 0.0)
    tracker.update([], 0.9)
    assert tracker.update([LEFT], 1.8) == [before]
    tracker.update([], 2.7)
    [after] = tracker.update([LEFT], 4.1)
    assert after != before


def test_another_appearance_at_the_same_place_is_another_track() -> None:
    one, other = (np.eye(2, dtype=np.float32)[number] for number in (0, 1))
    tracker = FaceTracker()
    [before] = tracker.update([LEFT], 0.0, [one])
    assert tracker.update([LEFT], 0.5, [one]) == [before]
    [after] = tracker.update([LEFT], 1.0, [other])
    assert after != before
    assert tracker.update([LEFT], 1.5, [one]) == [before]  # back within the break


def test_a_leap_and_a_reset_give_new_numbers() -> None:
    tracker = FaceTracker()
    [before] = tracker.update([LEFT], 0.0)
    [after] = tracker.update([RIGHT], 0.5)
    assert after != before
    tracker.reset()
    assert tracker.update([RIGHT], 1.0) not in ([before], [after])


def test_the_followed_face_stays_the_main_one_until_one_is_much_larger() -> None:
    tracker = FaceTracker(takeover=1.5)
    ids = tracker.update([LEFT], 0.0)
    assert tracker.main([LEFT], ids) == 0
    a_bit_larger: Box = (0.6, 0.3, 0.22, 0.33)
    faces = [a_bit_larger, LEFT]
    assert tracker.main(faces, tracker.update(faces, 0.5)) == 1
    much_larger: Box = (0.55, 0.3, 0.3, 0.4)
    faces = [much_larger, LEFT]
    assert tracker.main(faces, tracker.update(faces, 1.0)) == 0
    faces = [LEFT, a_bit_larger]
    assert tracker.main(faces, tracker.update(faces, 1.5)) == 1


def test_when_the_main_face_goes_the_largest_follows() -> None:
    tracker = FaceTracker()
    faces = [LEFT, RIGHT, (0.4, 0.8, 0.05, 0.05)]
    tracker.main(faces, tracker.update(faces, 0.0))
    rest = [faces[2], RIGHT]
    assert tracker.main(rest, tracker.update(rest, 0.5)) == 1


@settings(deadline=None)
@given(st.lists(st.lists(boxes, max_size=30), max_size=20))
def test_numbers_are_unique_within_a_frame_and_memory_is_bounded(frames: list[list[Box]]) -> None:
    tracker = FaceTracker(max_tracks=20)
    for number, faces in enumerate(frames):
        ids = tracker.update(faces, number * 0.5)
        assert len(ids) == len(set(ids)) == len(faces)
        assert len(tracker._tracks) <= 20
