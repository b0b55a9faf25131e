"""What times, noise and traces of pictures are measured by."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cameras.coding import called, filed, noisy, shown
from benchmarks.cameras.looking import CALLS, CAMERA, MEASURES, Looked, kinds
from benchmarks.cameras.page import page
from benchmarks.cameras.steps import steps
from benchmarks.cameras.timing import Stream
from benchmarks.cameras.traces import grid, noise, period


def scene(count: int = 12, side: int = 64) -> np.ndarray:
    """A soft picture in which a bright patch moves, grey."""
    rows, columns = np.mgrid[:side, :side]
    return np.stack(
        [
            90 + rows + 60 * np.exp(-((rows - 20) ** 2 + (columns - 20 - n) ** 2) / 50)
            for n in range(count)
        ]
    ).astype(np.uint8)


def test_an_even_grid_has_no_jitter_and_whole_milliseconds_are_counted() -> None:
    even = steps([7 + 3000 * n for n in range(90)])
    assert (even.pictures, even.whole_ms, even.standing) == (90, 0.0, 0)
    assert even.jitter_ms == pytest.approx(0, abs=1e-6)
    assert even.rate_hz == pytest.approx(30)
    rounded = steps([90 * round(n * 100 / 3) for n in range(90)])
    assert rounded.whole_ms == 1
    assert rounded.jitter_ms == pytest.approx(0.27, abs=0.02)


def test_a_picture_that_was_dropped_is_no_jitter() -> None:
    assert steps([6000 * n for n in range(60) if n % 7]).jitter_ms == pytest.approx(0, abs=1e-6)


def test_jitter_is_that_of_the_pictures_and_standing_times_are_counted() -> None:
    drawn = np.random.default_rng(0).normal(0, 2 * 90, 600)
    times = [round(6000 * n + off) for n, off in enumerate(drawn)]
    assert steps(times).jitter_ms == pytest.approx(2, rel=0.1)
    assert steps([0, 6000, 6000, 12_000, 11_000]).standing == 2


def test_two_pictures_are_too_few() -> None:
    with pytest.raises(ValueError, match="let it run for longer"):
        steps([0, 3000])


def test_noise_is_measured_where_nothing_moves() -> None:
    rng = np.random.default_rng(0)
    still = np.repeat(scene(1), 30, axis=0)
    assert noise(still) == 0
    assert noise(scene(30)) < 0.1
    assert noise(noisy(scene(30), 2.0, rng)) == pytest.approx(2, abs=0.2)


def test_blocks_of_eight_pixels_are_seen_and_those_of_seven_are_not() -> None:
    rng = np.random.default_rng(0)
    blocks = [np.kron(rng.integers(0, 255, (9, 9)), np.ones((size, size))) for size in (8, 7)]
    found = [grid(np.repeat(one[None, :56, :56], 3, axis=0).astype(np.uint8)) for one in blocks]
    assert found[0] > 10
    assert found[1] < 2
    assert grid(noisy(scene(5), 2.0, rng)) == pytest.approx(1, abs=0.1)


def test_detail_that_comes_each_twelve_pictures_has_a_period() -> None:
    rng = np.random.default_rng(0)
    steady = noisy(np.repeat(scene(1), 75, axis=0), 2.0, rng)
    pulsing = steady.copy()
    for start in range(0, 75, 12):
        pulsing[start : start + 2] = noisy(scene(1), 8.0, rng)
    assert period(pulsing) > 0.5 > period(steady)


def test_codecs_keep_size_and_number_and_poor_calls_take_the_noise() -> None:
    live = noisy(scene(), 2.0, np.random.default_rng(0))
    for coded in (called(live, 150_000), filed(live, 500_000)):
        assert coded.shape == live.shape
        assert np.abs(coded.astype(float) - live).mean() < 8
    assert noise(called(live, 150_000)) < 0.5 * noise(called(live, 6_000_000))


def test_a_clip_is_shown_grey_at_half_its_size() -> None:
    colour = np.full((130, 200, 3), (10, 20, 30), np.uint8)
    small = shown([colour, colour])
    assert small.shape == (2, 64, 96)
    assert np.ptp(small) == 0


def test_the_camera_comes_first_and_all_else_has_its_size() -> None:
    made = kinds(scene(), np.random.default_rng(0))
    assert next(iter(made)) == CAMERA
    assert {pictures.shape for pictures in made.values()} == {(12, 64, 64)}
    assert noise(made["still"]) == 0


def test_the_page_has_a_row_for_each_stream_and_call() -> None:
    rng = np.random.default_rng(0)
    names = kinds(scene(2), rng)
    values = {
        (call, kind, measure): rng.normal(kind != CAMERA, 0.1, 6)
        for call in CALLS
        for kind in names
        for measure in MEASURES
    }
    even = steps([3000 * n for n in range(9)])
    canvas = Stream("canvas", even, "c14230b7-0b5d-4e81-b4d3-00d6568ba695")
    player = Stream("player", even, None)
    text = page([canvas, player], Looked(("a", "a", "b", "b", "c", "c"), values))
    assert "| canvas | 9 | 30.0 | 0% | 0.0 | 0 | no_device |" in text
    assert "| player | 9 | 30.0 | 0% | 0.0 | 0 | - |" in text
    assert "| 300 kb/s | grid | 1.000 (1.000 to 1.000), 0.0% |" in text
    assert "| 300 kb/s | 0.000 (0.000 to 0.000), 100.0% |" in text
