"""Light and colour of a call's picture: too little, from one side, from behind, off in tint."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from model.data.media import Picture

Map = NDArray[np.floating]
_GREY_OF_RGB = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def low_light(
    picture: Picture, rng: np.random.Generator, *, gain: float, gamma: float, noise: float
) -> Picture:
    """A dim room: less light, a curve that swallows the shadows, and a sensor that hisses.

    Args:
        picture: uint8, shape (side, side, 3), RGB.
        rng: draws the noise.
        gain: of the brightest parts, 0 to 1.
        gamma: above 1, darkens the middle more than the brightest parts.
        noise: standard deviation of the sensor's noise in grey levels.
    """
    curve = 255 * gain * (np.arange(256, dtype=np.float32) / 255) ** gamma
    hiss = rng.standard_normal(picture.shape, dtype=np.float32)
    return _clipped(curve[picture] + noise * hiss)


def harsh_light(picture: Picture, *, angle: float, dark: float, bright: float) -> Picture:
    """Light from one side: gains from ``dark`` to ``bright`` across the picture.

    Args:
        picture: uint8, shape (side, side, 3), RGB.
        angle: direction that the light comes from, radians.
        dark: gain on the far side, 0 to 1.
        bright: gain on the lit side, 1 or more; what it drives over white stays white.
    """
    x, y = _plane(picture.shape[0])
    lit = (np.cos(angle) * x + np.sin(angle) * y + 1) / 2
    return _clipped(picture * (dark + (bright - dark) * np.clip(lit, 0, 1))[..., None])


def backlight(picture: Picture, *, dark: float) -> Picture:
    """A window behind the person: the face falls to ``dark``, the rim washes out to white."""
    x, y = _plane(picture.shape[0])
    rim = np.clip((np.hypot(x, y) - 0.5) / 0.5, 0, 1)[..., None]
    return _clipped(picture * (dark + (1 - dark) * rim) + 110 * rim)


def colour_cast(picture: Picture, *, gains: tuple[float, float, float], grey: float) -> Picture:
    """Wrong white balance, and colour that fades.

    Args:
        picture: uint8, shape (side, side, 3), RGB.
        gains: of red, green and blue.
        grey: share of the colour taken out, 0 to 1 (a grey picture).
    """
    tinted = picture * np.array(gains, dtype=np.float32)
    level = (tinted @ _GREY_OF_RGB)[..., None]
    return _clipped(tinted + grey * (level - tinted))


@cache
def _plane(side: int) -> tuple[Map, Map]:
    """Coordinates of each pixel, -1 to 1."""
    axis = np.linspace(-1, 1, side, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    return x, y


def _clipped(values: Map) -> Picture:
    return np.clip(values, 0, 255).astype(np.uint8)
