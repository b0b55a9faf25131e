"""A person before a screen that shows colours, as a webcam sees it: a simulation, no certificate.

A clip of somebody who talks is taken for what reflects. Light of the room and of the screen falls
on it, the screen's less on what is further away; a camera sets exposure and white balance, adds its
noise, and a codec of calls takes away what it can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from model.runtime.detect import DetectedFace

RATE_HZ = 15.0
HEIGHT, WIDTH = 360, 480

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]
Rng = np.random.Generator

_GAMMA = 2.2
_ELECTRONS = 60.0
"""That light of one lux, reflected whole, gives to a pixel in one exposure."""
_READ_NOISE = 4.0
_NOISES = 6
_GREY = 0.18
SCREEN_GREY = 0.6
"""Light of the screen before and after its colours, and what a tint leaves as it is."""
_MOST_GAIN = 0.2
"""Output to one lux: darker rooms stay dark."""

_STEPS = 16_383
_CODED = (255 * (np.arange(_STEPS + 1) / _STEPS) ** (1 / _GAMMA) + 0.5).astype(np.uint8)


def linear(picture: NDArray[np.uint8]) -> Floats:
    """A picture as linear light, 0 to 1."""
    table = ((np.arange(256) / 255) ** _GAMMA).astype(np.float32)
    return np.asarray(table[picture])


def coded(light: Floats) -> Picture:
    """Linear light as a picture."""
    return np.asarray(_CODED[np.clip(light * _STEPS, 0, _STEPS).astype(np.uint16)])


@dataclass(frozen=True)
class Room:
    """Where somebody sits.

    Attributes:
        ambient: lux of the room on face and background, BGR.
        screen_lux: on the face where the screen is white.
        away: how much of that comes as far as the background, to 1 of the face.
        delay_s: from the colour's time to the camera.
    """

    ambient: Floats
    screen_lux: float
    away: float
    delay_s: float

    @classmethod
    def drawn(cls, ambient_lux: float, rng: Rng) -> Room:
        """Any room so bright, with a laptop at 40 to 70 cm and a wall 0.6 to 2.5 m behind."""
        warmth = rng.uniform(-1, 1)
        tint = np.array([1 - 0.3 * warmth, 1.0, 1 + 0.25 * warmth], np.float32)
        near_m, behind_m = rng.uniform(0.4, 0.7), rng.uniform(0.6, 2.5)
        return cls(
            ambient=ambient_lux * tint,
            screen_lux=float(12.0 / near_m**2 * rng.uniform(0.6, 1.2)),
            away=float((near_m / (near_m + behind_m)) ** 2),
            delay_s=float(rng.uniform(0.1, 0.6)),
        )


class Camera:
    """Exposes, balances white, and adds noise; one for each call.

    Args:
        rng: of its noise and its habits.
    """

    def __init__(self, rng: Rng) -> None:
        self._rng = rng
        self._strength, self._tau_s = rng.uniform(0.4, 1.0), rng.uniform(1.0, 4.0)
        self._white: Floats | None = None
        self._gain = 0.0
        self._noise = rng.standard_normal((_NOISES, HEIGHT, WIDTH, 3), np.float32)

    def take(self, lit: Floats) -> Picture:
        """A picture of light in lux, shape (height, width, 3), BGR."""
        mean = lit[::8, ::8].mean(axis=(0, 1))
        white = np.asarray((mean[1] / mean) ** self._strength, np.float32)
        gain = min(_MOST_GAIN, _GREY / float(mean[1]))
        if self._white is None:
            self._white, self._gain = white, gain
        share = 1 / RATE_HZ / self._tau_s
        self._white = self._white + share * (white - self._white)
        self._gain += share * (gain - self._gain)
        electrons = lit * _ELECTRONS
        spread = np.sqrt(electrons + _READ_NOISE**2)
        noise = self._noise[self._rng.integers(_NOISES)]
        noisy = electrons + spread * np.roll(noise, self._rng.integers(HEIGHT), axis=0)
        return coded(noisy * (self._gain / _ELECTRONS) * self._white)


def before_it(face: DetectedFace) -> Floats:
    """How near to the screen each pixel is: 1 head and shoulders, 0 background; (h, w, 1)."""
    x, y, wide, high = face.box
    middle = (int(x + wide / 2), int(y + high / 2))
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.ellipse(mask, middle, (int(0.65 * wide), int(0.75 * high)), 0, 0, 360, 1.0, -1)
    low = int(y + 1.15 * high)
    shoulders = [
        (middle[0] - 0.5 * wide, low - 10), (middle[0] + 0.5 * wide, low - 10),
        (middle[0] + 1.6 * wide, low + 0.5 * high), (middle[0] + 1.6 * wide, HEIGHT),
        (middle[0] - 1.6 * wide, HEIGHT), (middle[0] - 1.6 * wide, low + 0.5 * high),
    ]  # fmt: skip
    cv2.fillPoly(mask, [np.array(shoulders, np.int32)], 1.0)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 6)[:, :, None], np.float32)


def through_call(pictures: Iterator[Picture], codec: str, bit_rate: int) -> Iterator[Picture]:
    """What a call's codec leaves of pictures."""
    encoder: Any = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.bit_rate, encoder.time_base = bit_rate, Fraction(1, int(RATE_HZ))
    encoder.framerate = Fraction(int(RATE_HZ), 1)
    encoder.gop_size, encoder.thread_count = 3000, 1
    encoder.options = _HASTE[codec]
    decoder: Any = av.CodecContext.create("vp8" if codec == "libvpx" else "h264", "r")
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts = number
        for packet in encoder.encode(frame):
            for back in decoder.decode(packet):
                yield np.asarray(back.to_ndarray(format="bgr24"), np.uint8)


_HASTE = {
    "libvpx": {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0"},
    "libx264": {"preset": "ultrafast", "tune": "zerolatency"},
}

Shade = Callable[[float], Floats]
"""The screen's light at a time, BGR, 0 to 1."""


def shade(lights: Sequence[Floats], each_s: float) -> Shade:
    """Those colours one after the other, and grey before and after."""
    grey = np.full(3, SCREEN_GREY, np.float32)

    def at(time_s: float) -> Floats:
        slot = int(time_s // each_s)
        return lights[slot] if 0 <= slot < len(lights) else grey

    return at
