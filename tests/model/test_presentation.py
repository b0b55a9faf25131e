from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.convert.minifasnet_reference import made_up_pictures
from model.errors import ModelError
from model.runtime.litert import LiteRtModel
from model.runtime.presentation import (
    NEAR_PART,
    WIDE_PART,
    Look,
    PresentationCheck,
    surroundings,
)
from model.runtime.weights import Weights

REFERENCE = Path(__file__).with_name("minifasnet_reference.npz")


@pytest.mark.parametrize(("part", "key"), [(NEAR_PART, "near"), (WIDE_PART, "wide")])
def test_gives_what_the_published_arithmetic_gives(part: str, key: str) -> None:
    network = LiteRtModel(Weights.load().path(part))
    pictures = made_up_pictures().astype(np.float32)
    found = np.vstack([network.run(picture[None]) for picture in pictures])
    with np.load(REFERENCE) as reference:
        expected = reference[key]
    assert np.ptp(expected, axis=0).min() > 0.2  # the pictures are not all alike to it
    np.testing.assert_allclose(found, expected, atol=1e-4)


def _ramp(height: int, width: int) -> NDArray[np.uint8]:
    """A picture whose first channel says how far right a pixel lies, the second how far down."""
    y, x = np.mgrid[:height, :width]
    return np.stack((x, y, np.zeros_like(x)), axis=-1).astype(np.uint8)


def _seen(box: tuple[float, float, float, float], scale: float, size: tuple[int, int]) -> list[int]:
    """Left, top, right and bottom of what is seen, to the pixel or two."""
    cut = surroundings(_ramp(*size), box, scale)
    return [int(v) for v in (cut[40, 0, 0], cut[0, 40, 1], cut[40, -1, 0], cut[-1, 40, 1])]


@pytest.mark.parametrize(
    ("box", "scale", "expected"),
    [
        pytest.param((80, 60, 40, 50), 2.7, [46, 18, 154, 152], id="all of it is there"),
        pytest.param((0, 60, 40, 50), 2.7, [0, 18, 108, 152], id="moved in from the left"),
        pytest.param((180, 120, 40, 50), 2.7, [92, 65, 199, 199], id="moved in from the corner"),
        pytest.param((-30, -30, 40, 50), 2.7, [0, 0, 108, 135], id="reaches beyond"),
        pytest.param((60, 50, 80, 100), 4.0, [21, 0, 179, 199], id="no wider than the picture"),
        pytest.param((-50, -50, 400, 400), 4.0, [0, 0, 199, 199], id="fills the picture"),
    ],
)
def test_the_surroundings_stay_in_the_picture(
    box: tuple[float, float, float, float], scale: float, expected: list[int]
) -> None:
    assert np.abs(np.array(_seen(box, scale, (200, 200))) - expected).max() <= 2


@pytest.mark.parametrize(
    ("image", "box"),
    [
        (np.zeros((50, 50), np.uint8), (0, 0, 9, 9)),
        (np.zeros((50, 50, 3), np.float32), (0, 0, 9, 9)),
        (np.zeros((0, 50, 3), np.uint8), (0, 0, 9, 9)),
        (np.zeros((50, 50, 3), np.uint8), (0, 0, 0, 9)),
        (np.zeros((50, 50, 3), np.uint8), (0, 0, math.nan, 9)),
    ],
)
def test_refuses_what_cannot_be_judged(
    image: NDArray[np.uint8], box: tuple[float, float, float, float]
) -> None:
    with pytest.raises(ModelError, match="must be uint8|needs a width"):
        surroundings(image, box, 2.7)


def test_a_picture_of_one_pixel_is_judged_too() -> None:
    look = PresentationCheck(Weights.load()).look(np.zeros((1, 1, 3), np.uint8), (0, 0, 1, 1))
    assert 0 <= look.live <= 1


def test_a_look_says_how_much_it_saw() -> None:
    check = PresentationCheck(Weights.load())
    picture = _ramp(160, 200)
    assert check.look(picture, (80, 60, 40, 40)).fits == 1
    assert check.look(picture, (40, 0, 160, 160)).fits == pytest.approx(0.25)


def test_log_odds_are_finite_even_where_the_networks_are_sure() -> None:
    assert Look(near=0.5, wide=0.7, fits=1).log_odds == pytest.approx(math.log(0.6 / 0.4))
    assert Look(near=0, wide=0, fits=1).log_odds == pytest.approx(-13.8, abs=0.1)
    assert Look(near=1, wide=1, fits=1).log_odds == pytest.approx(13.8, abs=0.1)
