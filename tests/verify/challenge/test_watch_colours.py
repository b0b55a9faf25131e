"""Colours that are watched, from the pictures of a call to a finding; the person is a drawing."""

from __future__ import annotations

import random
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.runtime.align import TEMPLATE
from model.runtime.colours import COLOURS, light_of_colours
from model.runtime.detect import DetectedFace
from stream_verifier.events.schema import ScreenColours
from stream_verifier.media.types import VideoFrame
from stream_verifier.verify.channels.challenge.following import FaceFollower
from stream_verifier.verify.channels.challenge.kind import Finding
from stream_verifier.verify.channels.challenge.watch_colours import WatchColours, Watching

SHOWN = WatchColours().draw(random.Random(5), before=0).screen
OTHERS = WatchColours().draw(random.Random(6), before=0).screen
ASKED_S, RATE_HZ, DELAY_S = 10.0, 10.0, 0.3
LANDMARKS = (1.25 * TEMPLATE + [170, 60]).astype(np.float32)
FACE = DetectedFace((170.0, 60.0, 140.0, 140.0), LANDMARKS, 0.9)
GREY = np.full(3, 0.6)
NOISE = 2 * np.random.default_rng(1).standard_normal((360, 720, 3), np.float32)
"""A camera's, of which each picture shows another part: to draw it is most of what one costs."""


class OneFace:
    """Finds the drawing's face, or nothing."""

    def __init__(self, *, seen: bool = True) -> None:
        self._found = [FACE] if seen else []

    def detect(self, image: object) -> list[DetectedFace]:
        return self._found

    detect_near = staticmethod(lambda image, box: [FACE])


def picture(skin: NDArray[Any], wall: NDArray[Any], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Linear RGB of a face and of the wall behind it, with a camera's noise."""
    top, left = rng.integers(120), rng.integers(240)
    noise = NOISE[top : top + 240, left : left + 480]
    seen = _lit(noise, wall)
    seen[60:200, 170:310] = _lit(noise[60:200, 170:310], skin)
    return seen


def _lit(noise: NDArray[np.float32], light: NDArray[Any]) -> NDArray[np.uint8]:
    coded = 255 * np.clip(light[::-1], 0, 1) ** (1 / 2.2)
    return np.asarray(cv2.add(noise, np.append(coded, 0.0), dtype=cv2.CV_8U), np.uint8)


def answer(
    *,
    on_face: float = 0.3,
    on_wall: float = 0.03,
    level: float = 0.2,
    wall_level: float = 0.25,
    screen: ScreenColours | None = SHOWN,
    delay_s: float = DELAY_S,
    rate_hz: float = RATE_HZ,
    seen: bool = True,
) -> Finding:
    """Show colours to somebody; by so much of them, to 1 of other light, face and wall are lit."""
    assert SHOWN is not None
    assert screen is not None
    rng, light = np.random.default_rng(1), light_of_colours()
    follower: Any = FaceFollower(OneFace(seen=seen))  # type: ignore[arg-type]
    attempt = Watching(SHOWN, ASKED_S, follower)
    for step in range(int(15.2 * rate_hz)):
        time_s = step / rate_hz
        slot = int((time_s - SHOWN.from_s - delay_s) // SHOWN.each_s)
        shown = screen.colours[slot] if 0 <= slot < len(screen.colours) else None
        colour = GREY if shown is None else light[COLOURS.index(shown)]
        skin, wall = level * (1 + on_face * colour), wall_level * (1 + on_wall * colour)
        attempt.take(VideoFrame(picture(skin, wall, rng), ASKED_S + time_s))
    finding = attempt.finding(over=True)
    assert finding is not None
    return finding


def test_light_of_the_screen_on_a_face_passes_and_is_told() -> None:
    found = answer()
    assert (found.outcome, found.why) == ("passed", None)
    measured = found.measured
    assert measured.bits == pytest.approx(13.1, abs=0.1)
    assert measured.delay_s == pytest.approx(DELAY_S, abs=0.15)
    assert measured.light == pytest.approx(0.35, abs=0.15)
    assert measured.background is not None
    assert measured.background < 0.3
    assert measured.pictures > 80


@pytest.mark.parametrize(
    ("given", "outcome", "why"),
    [
        ({"on_face": 0.0, "on_wall": 0.0}, "not_measurable", "no_reflection"),
        ({"screen": OTHERS}, "failed", "other_colours"),
        ({"on_wall": 0.3}, "failed", "whole_picture"),
        ({"on_wall": 0.3, "wall_level": 0.1}, "not_measurable", "background_follows"),
        ({"wall_level": 0.003}, "not_measurable", "dark_background"),
        ({"delay_s": 2.0}, "not_measurable", "late"),
        ({"rate_hz": 3.0}, "not_measurable", "too_few_pictures"),
        ({"seen": False}, "not_measurable", "no_face"),
        ({"level": 0.99, "wall_level": 0.99}, "not_measurable", "too_bright"),
    ],
)
def test_what_is_no_answer_is_told_apart_and_nobody_fails_for_the_room(
    given: dict[str, Any], outcome: str, why: str
) -> None:
    found = answer(**given)
    assert (found.outcome, found.why) == (outcome, why)


def test_it_is_over_when_all_colours_were_shown_and_not_before() -> None:
    assert SHOWN is not None
    attempt = Watching(SHOWN, 0.0, FaceFollower(OneFace()))  # type: ignore[arg-type]
    rng, step = np.random.default_rng(1), 0
    while attempt.finding(over=False) is None:
        attempt.take(VideoFrame(picture(GREY, GREY, rng), step / 10))
        step += 1
    assert (step - 1) / 10 == pytest.approx(15.2, abs=0.11)


def test_tasks_are_drawn_by_chance_slowly_and_say_what_a_guess_is_worth() -> None:
    drawn = [WatchColours().draw(random.Random(seed), before=0) for seed in range(50)]
    screens = [one.screen for one in drawn if one.screen is not None]
    assert len({screen.colours for screen in screens}) > 45
    assert {len(screen.colours) for screen in screens} == {8}
    assert min(screen.each_s for screen in screens) >= 0.8
    assert drawn[0].chance == pytest.approx(1 / 515, abs=1e-4)
    assert drawn[0].within_s == pytest.approx(15.2)
    assert WatchColours().possible(lips=False, mesh=False)
    assert not WatchColours().vouches
