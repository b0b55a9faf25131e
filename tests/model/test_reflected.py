"""The colour of light on a face and behind it, of drawn pictures."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from model.runtime.align import TEMPLATE
from model.runtime.detect import DetectedFace
from model.runtime.reflected import Background, light_of, skin_light

BOX = (264.0, 150.0, 112.0, 140.0)
FACE = DetectedFace(BOX, (TEMPLATE + [264, 150]).astype(np.float32), 0.9)


def picture(skin: tuple[int, int, int], behind: tuple[int, int, int]) -> NDArray[np.uint8]:
    """BGR: a face in the middle of a wall, with a mouth and clothes of other colours."""
    image = np.full((360, 640, 3), behind, np.uint8)
    image[150:290, 264:376] = skin
    image[235:260, 295:345] = (0, 0, 255)
    image[290:] = (255, 0, 0)
    return image


def test_skin_is_forehead_and_cheeks_and_the_background_is_neither_mouth_nor_clothes() -> None:
    image = picture((100, 140, 180), (90, 90, 90))
    skin, behind = skin_light(image, FACE), Background(BOX, (360, 640)).light(image)
    assert skin is not None
    assert behind is not None
    linear = np.array([0.4564, 0.2623, 0.1274])  # of 180, 140 and 100
    assert skin.chroma == pytest.approx(np.log(linear[[0, 2]] / linear[1]), abs=0.01)
    assert skin.level == pytest.approx(linear[1], abs=0.01)
    assert behind.chroma == pytest.approx([0, 0], abs=1e-6)


def test_exposure_leaves_the_colour_and_tells_the_level() -> None:
    bright, dark = (light_of(np.full((9, 9, 3), level, np.uint8)) for level in (200, 60))
    assert bright is not None
    assert dark is not None
    assert bright.chroma == pytest.approx(dark.chroma, abs=1e-6)
    assert bright.level > 10 * dark.level


@pytest.mark.parametrize("level", [0, 255])
def test_what_is_black_or_clipped_has_no_colour(level: int) -> None:
    assert light_of(np.full((9, 9, 3), level, np.uint8)) is None
    pixels = np.full((10, 10, 3), level, np.uint8)
    pixels[:3] = 120
    assert light_of(pixels) is not None


def test_a_face_that_fills_the_picture_leaves_no_background() -> None:
    assert Background(BOX, (360, 640)).enough
    assert not Background((100.0, 10.0, 440.0, 340.0), (360, 640)).enough
    outside = Background((-300.0, -200.0, 1200.0, 900.0), (360, 640))
    assert not outside.enough
    assert outside.light(picture((100, 140, 180), (90, 90, 90))) is None
