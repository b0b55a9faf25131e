"""Things in front of a face: a mask, glasses, a hand, an edge of something."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from model.data.align import TEMPLATE
from model.data.media import PICTURE_SIDE_PX, Picture

Colour = tuple[float, float, float]
Cover = NDArray[np.uint8]

KINDS = ("mask", "glasses", "hand", "edge")
_MASK_OUTLINE = ((34, 88), (80, 78), (126, 88), (120, 128), (80, 150), (40, 128))


def occlude(picture: Picture, rng: np.random.Generator, *, kind: str) -> Picture:
    """Cover part of a face.

    Args:
        picture: uint8, shape (160, 160, 3), RGB, aligned.
        rng: draws place, size and colour.
        kind: one of ``KINDS``.

    Returns:
        uint8, shape (160, 160, 3).

    Raises:
        KeyError: an unknown kind.
    """
    cover, colour, strength = _MAKERS[kind](picture, rng)
    weight = cv2.GaussianBlur(cover, (0, 0), 0.8).astype(np.float32)[..., None] * (strength / 255)
    shade = np.linspace(1.1, 0.8, PICTURE_SIDE_PX, dtype=np.float32)[:, None, None]
    paint = np.asarray(colour, dtype=np.float32) * shade
    return np.asarray(np.clip(picture + weight * (paint - picture), 0, 255), dtype=np.uint8)


def _mask(picture: Picture, rng: np.random.Generator) -> tuple[Cover, Colour, float]:
    outline = np.array(_MASK_OUTLINE) + rng.uniform(-4, 4, (6, 2)) + (0, rng.uniform(-2, 8))
    paint = ((235, 238, 240), (120, 170, 205), (40, 40, 45))[int(rng.integers(3))]
    return _polygon(outline), paint, 1.0


def _glasses(picture: Picture, rng: np.random.Generator) -> tuple[Cover, Colour, float]:
    """From reading glasses (rims) to sunglasses (filled)."""
    cover, sun = _empty(), bool(rng.integers(2))
    size = (round(rng.uniform(12, 16)), round(rng.uniform(8, 13)))
    right, left = (tuple(np.rint(eye).astype(int).tolist()) for eye in TEMPLATE[:2])
    rim = round(rng.uniform(1, 3))
    for eye in (right, left):
        cv2.ellipse(cover, eye, size, 0, 0, 360, 255, -1 if sun else rim)
    cv2.line(cover, (right[0] + size[0], right[1]), (left[0] - size[0], left[1]), 255, rim)
    for x, end in ((right[0] - size[0], 38), (left[0] + size[0], 122)):
        cv2.line(cover, (x, right[1]), (end, right[1] - 3), 255, rim)
    return cover, (25, 22, 20), float(rng.uniform(0.75, 1.0))


def _hand(picture: Picture, rng: np.random.Generator) -> tuple[Cover, Colour, float]:
    """Four fingers of the face's own colour, from below or from a side."""
    cover = _empty()
    tip = np.array([80.0, 110.0]) + rng.uniform((-30, -25), (30, 15))
    angle = float(rng.choice([0.2, np.pi / 2, np.pi - 0.2]) + rng.normal(0, 0.25))
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    width = int(rng.integers(11, 16))
    for finger in range(4):
        start = tip + across * width * (finger - 1.5) + along * rng.uniform(0, 10)
        cv2.line(cover, _point(start), _point(start + along * 140), 255, width - 3, cv2.LINE_AA)
    red, green, blue = picture[90:110, 50:110].reshape(-1, 3).mean(axis=0)
    return cover, (float(red), float(green), float(blue)), 1.0


def _edge(picture: Picture, rng: np.random.Generator) -> tuple[Cover, Colour, float]:
    """Something that reaches in from one side: a microphone, a cup, the frame's end."""
    reach = rng.uniform(0.2, 0.42) * PICTURE_SIDE_PX
    slope = rng.uniform(-25, 25)
    end = float(PICTURE_SIDE_PX)
    outline = np.array([(0, 0), (reach + slope, 0), (reach - slope, end), (0, end)])
    cover = np.rot90(_polygon(outline), int(rng.integers(4)))
    red, green, blue = (float(level) for level in rng.uniform(0, 220, 3))
    return np.ascontiguousarray(cover), (red, green, blue), 1.0


_MAKERS = {"mask": _mask, "glasses": _glasses, "hand": _hand, "edge": _edge}


def _empty() -> Cover:
    return np.zeros((PICTURE_SIDE_PX, PICTURE_SIDE_PX), dtype=np.uint8)


def _polygon(outline: NDArray[np.float64]) -> Cover:
    cover = _empty()
    cv2.fillPoly(cover, [np.rint(outline).astype(np.int32)], 255, cv2.LINE_AA)
    return cover


def _point(place: NDArray[np.float64]) -> tuple[int, int]:
    return int(place[0]), int(place[1])
