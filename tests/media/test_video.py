from __future__ import annotations

import random

import av
import numpy as np
import pytest

from stream_verifier.media.burst import BurstWish
from stream_verifier.media.types import MediaGap, VideoFrame
from stream_verifier.media.video import VideoPicker, to_bgr
from tests.support.media import number_in, numbered


def _frame(width: int, height: int, number: int = 5) -> av.VideoFrame:
    image = numbered(number, (width, height))
    return av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((640, 480), (480, 640)),
        ((1280, 720), (360, 640)),
        ((720, 1280), (640, 360)),
        ((320, 240), (240, 320)),
    ],
)
def test_pictures_are_scaled_down_but_never_up(
    size: tuple[int, int], shape: tuple[int, int]
) -> None:
    image = to_bgr(_frame(*size))
    assert image.shape == (*shape, 3)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous


def test_colours_come_out_as_bgr() -> None:
    red = np.zeros((64, 64, 3), np.uint8)
    red[:, :, 2] = 200
    frame = av.VideoFrame.from_ndarray(red, format="bgr24").reformat(format="yuv420p")
    blue, green, red_level = to_bgr(frame).mean(axis=(0, 1))
    assert red_level > 180
    assert blue < 20
    assert green < 20


@pytest.mark.parametrize("matrix", range(18))
def test_no_colour_space_that_a_stream_names_stops_a_call(matrix: int) -> None:
    frame = _frame(64, 64, number=173)
    frame.colorspace = matrix
    assert number_in(to_bgr(frame)) == 173


def test_the_picture_survives_scaling() -> None:
    assert number_in(to_bgr(_frame(1280, 720, number=173))) == 173


def test_frames_are_picked_on_the_grid_and_a_change_of_size_is_fine() -> None:
    picker = VideoPicker(rate_hz=2.0)
    sizes = [(640, 480)] * 20 + [(320, 180)] * 20
    items = [i for n, s in enumerate(sizes) for i in picker.push(_frame(*s, n), n / 25)]
    frames = [item for item in items if isinstance(item, VideoFrame)]
    assert [f.time_s for f in frames] == [0.0, 0.52, 1.0, 1.52]
    assert [number_in(f.image) for f in frames] == [0, 13, 25, 38]
    assert [f.image.shape[:2] for f in frames] == [(480, 640)] * 2 + [(180, 320)] * 2


def test_a_pause_is_told_with_its_reason() -> None:
    picker = VideoPicker()
    picker.push(_frame(64, 64), 1.0)
    items = picker.push(_frame(64, 64), 3.0, reason="muted")
    assert items[0] == MediaGap("video", 1.0, 3.0, "muted")
    assert isinstance(items[1], VideoFrame)
    assert picker.last_s == 3.0


def test_a_slow_camera_is_not_a_gap() -> None:
    picker = VideoPicker()
    items = [i for n in range(8) for i in picker.push(_frame(64, 64), n * 0.4)]
    assert not [item for item in items if isinstance(item, MediaGap)]


def test_a_burst_shows_all_that_moves_beside_the_regular_pictures() -> None:
    burst, frames = BurstWish(), list[VideoFrame]()
    picker = VideoPicker(rate_hz=2.0, burst=burst)
    for number in range(30):
        if number == 6:
            burst.ask(0.79)
        frames += [i for i in picker.push(_frame(64, 64), number / 15) if isinstance(i, VideoFrame)]
    assert [round(15 * frame.time_s) for frame in frames if not frame.burst] == [0, 8, 15, 23]
    shown = {round(15 * frame.time_s) for frame in frames if frame.burst}
    assert shown == set(range(6, 18)) - {8, 15}


def test_looks_are_spared_while_that_is_asked_for() -> None:
    spared = [True]
    picker = VideoPicker(rate_hz=2.0, chance=random.Random(3), sparing=lambda: spared[0])
    pictures = [
        [i for n in range(600) for i in picker.push(_frame(64, 64), start_s + n / 15)]
        for start_s, spared[0] in ((0.0, True), (40.0, False))
    ]
    assert [len(some) for some in pictures] == [pytest.approx(40 / 0.875, abs=2), 80]
    assert [{one.spared for one in some if isinstance(one, VideoFrame)} for some in pictures] == [
        {True},
        {False},
    ]
