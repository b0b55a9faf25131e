from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import DTypeLike

from model.runtime.align import TEMPLATE, align, template
from model.runtime.mouth import (
    LEFT_PX,
    SIDE_PX,
    STEADY_S,
    STEP_S,
    TOP_PX,
    mouth,
    nearest,
    of_face,
    standardised,
    steady,
)


def test_the_mouth_of_a_face_lies_where_the_template_says() -> None:
    picture = np.zeros((160, 160, 3), np.uint8)
    corner_x, corner_y = np.round(template(160)[3]).astype(int)  # the right mouth corner
    picture[corner_y - 1 : corner_y + 2, corner_x - 1 : corner_x + 2] = 255
    cut = mouth(picture, template(160))
    assert cut.shape == (SIDE_PX, SIDE_PX)
    y, x = np.argwhere(cut > 128).mean(axis=0)
    assert (x, y) == pytest.approx((TEMPLATE[3, 0] - LEFT_PX, TEMPLATE[3, 1] - TOP_PX), abs=0.6)


def test_size_and_turn_of_a_face_do_not_move_its_mouth() -> None:
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (10, 10)).astype(np.uint8)
    face = np.kron(coarse, np.ones((16, 16), np.uint8))[..., None].repeat(3, axis=2)
    large = np.rot90(face.repeat(2, axis=0).repeat(2, axis=1))  # a quarter to the left
    x, y = template(160).T
    turned = np.stack((2 * y + 0.5, 2 * (159 - x) + 0.5), axis=1)
    plain, found = (v.astype(float) for v in (mouth(face, template(160)), mouth(large, turned)))
    assert np.abs(plain - found).mean() < 6


@pytest.mark.parametrize("scale", [0.7, 1.3, 2.9])
def test_a_mouth_that_is_cut_out_alone_is_that_of_the_whole_face(scale: float) -> None:
    rng = np.random.default_rng(6)
    coarse = np.asarray(rng.integers(0, 256, (40, 40, 3)), np.uint8)
    picture = np.asarray(cv2.resize(coarse, (600, 600)), np.uint8)
    landmarks = template(160) * scale + 60
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    for margin_px in (0, 8):
        alone = mouth(picture, landmarks, margin_px=margin_px)
        np.testing.assert_array_equal(alone, mouth(grey, landmarks, margin_px=margin_px))
        whole = of_face(align(grey, landmarks, side_px=160), margin_px=margin_px)
        np.testing.assert_allclose(alone.astype(int), whole.astype(int), atol=1)


def test_a_margin_shows_more_on_each_side() -> None:
    face = np.random.default_rng(2).integers(0, 256, (160, 160)).astype(np.uint8)
    wide = of_face(face, margin_px=8)
    assert wide.shape == (72, 72)
    np.testing.assert_array_equal(wide[8:64, 8:64], of_face(face))


def test_trembling_is_smoothed_and_motion_is_kept() -> None:
    times_s = np.arange(100) * STEP_S
    path = np.stack([20 * times_s, np.zeros(100)], axis=1)[:, None].repeat(5, axis=1)
    shaken = path + np.random.default_rng(3).normal(0, 1, path.shape)
    still = steady(times_s, shaken)[10:-10] - path[10:-10]
    assert still.std() < 0.5
    np.testing.assert_allclose(steady(times_s, path)[10:-10], path[10:-10], atol=1e-9)


def test_smoothing_goes_by_time_not_by_pictures() -> None:
    times_s = np.array([0.0, STEADY_S, 60.0])
    moved = np.zeros((3, 5, 2))
    moved[1] = 1
    weight = np.exp(-0.5)
    found = steady(times_s, moved)[:, 0, 0]
    assert found == pytest.approx([weight / (1 + weight), 1 / (1 + weight), 0])


@pytest.mark.parametrize("rate_hz", [15, 25, 30])
def test_each_step_shows_the_picture_nearest_in_time(rate_hz: int) -> None:
    times_s = 3 + np.arange(2 * rate_hz) / rate_hz
    chosen = nearest(times_s, 3.0, 49)
    wanted = 3 + (np.arange(49) + 0.5) * STEP_S
    apart = np.abs(times_s[None, :] - wanted[:, None])
    np.testing.assert_allclose(np.abs(times_s[chosen] - wanted), apart.min(axis=1))


def test_before_and_after_all_pictures_the_ends_stand_in() -> None:
    assert nearest(np.array([1.0]), 0.0, 4).tolist() == [0, 0, 0, 0]
    assert nearest(np.array([1.0, 1.1]), 0.9, 10).tolist() == [0] * 4 + [1] * 6


def test_light_and_contrast_do_not_count() -> None:
    grey = np.random.default_rng(4).integers(40, 200, (2, SIDE_PX, SIDE_PX)).astype(np.float32)
    plain, dimmed = standardised(grey), standardised(0.5 * grey + 20)
    assert plain.shape == (2, SIDE_PX, SIDE_PX, 1)
    np.testing.assert_allclose(plain, dimmed, atol=0.2)
    assert np.isfinite(standardised(np.zeros((1, SIDE_PX, SIDE_PX), np.uint8))).all()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_between_two_pictures_the_earlier_stands_for_a_step(kind: DTypeLike) -> None:
    times_s = np.asarray(np.arange(1000) * STEP_S, kind)
    assert nearest(times_s, 0.0, 1000).tolist() == list(range(1000))
