"""What is shown to somebody who asks for turns of a head: pictures, 15 a second, made of one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model.data.align import TEMPLATE
from model.data.turning import Shape, turned, turned_mesh
from model.runtime.detect import FaceDetector
from model.runtime.mesh import FaceMesh
from stream_verifier.events.schema import Turn

RATE_HZ = 15.0
REST_S = 0.6
_HEIGHT, _WIDTH = 480, 640
_SCALE = 1.6
_GRID_DEG = 2.5
_NOISE, _QUALITY = 2.0, 70

Picture = NDArray[np.uint8]
Rng = np.random.Generator


@dataclass(frozen=True)
class Drawn:
    """What a picture is drawn on.

    Attributes:
        shape: head, flat or bent.
        away: of the camera from a head, in distances of the eyes.
        radius_cm: of a picture that is bent.
    """

    shape: Shape
    away: float = 10.0
    radius_cm: float = 16.0


class Sitter:
    """One person's picture before a webcam; what was drawn once is kept.

    Args:
        face: uint8, shape (160, 160, 3), BGR, aligned.
        rng: of noise and of how the face sways.
        detector, mesh: find the face whose own shape a head has.
    """

    def __init__(self, face: Picture, rng: Rng, detector: FaceDetector, mesh: FaceMesh) -> None:
        there = np.array(
            [[_SCALE, 0, _WIDTH / 2 - _SCALE * 80], [0, _SCALE, _HEIGHT / 2 - _SCALE * 88]]
        )
        size = (_WIDTH, _HEIGHT)
        self._still = np.asarray(
            cv2.warpAffine(face, there, size, borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
        self._landmarks = TEMPLATE @ there[:, :2].T + there[:, 2]
        self._drawn: dict[tuple[Drawn, int], Picture] = {}
        self._rng = rng
        found = detector.detect(self._still)[0]
        self._points, _ = mesh.locate(self._still, found.box, found.landmarks)

    def _draw(self, on: Drawn, yaw_deg: float) -> Picture:
        if on.shape == "head":
            return turned_mesh(self._still, self._points, yaw_deg, away=on.away)
        return turned(self._still, self._landmarks, yaw_deg, shape=on.shape, radius_cm=on.radius_cm)

    def seen(self, on: Drawn, yaw_deg: float, step: int) -> Picture:
        """One picture: turned, swaying a little, with a camera's noise and a codec."""
        step_deg = round(yaw_deg / _GRID_DEG)
        if (on, step_deg) not in self._drawn:
            self._drawn[on, step_deg] = self._draw(on, step_deg * _GRID_DEG)
        sway = 3 * math.sin(step / 11), 2 * math.sin(step / 7)
        there = np.array([[1, 0, sway[0]], [0, 1, sway[1]]])
        moved = cv2.warpAffine(
            self._drawn[on, step_deg], there, (_WIDTH, _HEIGHT), borderMode=cv2.BORDER_REPLICATE
        )
        noisy = moved + self._rng.normal(0, _NOISE, moved.shape)
        coded = cv2.imencode(
            ".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        )[1]
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def angles(turns: Sequence[Turn], *, reach_deg: float, turn_s: float = 0.6) -> Iterator[float]:
    """At rest, then each turn out and back and at rest; degrees, positive to the left."""
    steps = round(turn_s * RATE_HZ)
    out = [math.sin(math.pi / 2 * (step + 1) / steps) for step in range(steps)]
    rest = [0.0] * round(REST_S * RATE_HZ)
    yield from rest
    for turn in turns:
        sign = reach_deg if turn == "left" else -reach_deg
        yield from (sign * share for share in [*out, out[-1], *out[-2::-1], 0.0])
        yield from rest


@dataclass(frozen=True)
class Case:
    """One way to answer.

    Attributes:
        words: as the page has it.
        on: what is turned.
        honest: whether it should pass.
        make: angles, of the turns that are asked for.
    """

    words: str
    on: Drawn
    honest: bool
    make: Callable[[Sequence[Turn], Rng], list[float]]


def _as_asked(reach_deg: float) -> Callable[[Sequence[Turn], Rng], list[float]]:
    return lambda turns, _: [*angles(turns, reach_deg=reach_deg)]


def _at_random(turns: Sequence[Turn], rng: Rng) -> list[float]:
    sides: tuple[Turn, Turn] = ("left", "right")
    return [*angles([sides[int(rng.integers(2))] for _ in turns], reach_deg=45.0)]


def _swapped(turns: Sequence[Turn], _: Rng) -> list[float]:
    held = [0.0] * round(REST_S * RATE_HZ)
    shown = [(55.0 if turn == "left" else -55.0) for turn in turns]
    return held + [one for side in shown for one in [side] * len(held) + held]


def _begun_before(turns: Sequence[Turn], _: Rng) -> list[float]:
    return [*angles(turns, reach_deg=55.0)][round(REST_S * RATE_HZ) + 3 :]


_HEAD, _NEAR_HEAD, _FLAT = Drawn("head"), Drawn("head", away=6.0), Drawn("flat")
_TURNED = "a photograph, held near and turned by {} degrees"
_BENT = "a photograph that is bent to {} cm, turned by {} degrees"
_REACHES = (30.0, 35.0, 45.0, 55.0)

CASES = (
    *(
        Case(f"a head, turned by {reach:.0f} degrees", _HEAD, True, _as_asked(reach))
        for reach in _REACHES
    ),
    Case("a head at 38 cm, turned by 40 degrees", _NEAR_HEAD, True, _as_asked(40.0)),
    Case("a head that turns to sides picked blindly", _HEAD, False, _at_random),
    Case("a head that began to turn before it was asked", _HEAD, False, _begun_before),
    Case("pictures from front and side, one in place of the other", _HEAD, False, _swapped),
    *(Case(_TURNED.format(f"{by:.0f}"), _FLAT, False, _as_asked(by)) for by in (45.0, 55.0)),
    *(
        Case(
            _BENT.format(radius, f"{by:.0f}"), Drawn("bent", radius_cm=radius), False, _as_asked(by)
        )
        for radius in (16, 8)
        for by in (35.0, 45.0, 55.0)
    ),
)
