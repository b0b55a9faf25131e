from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import pytest

from model.runtime.detect import Box
from model.runtime.presentation import Look, PresentationCheck
from model.types import FaceQuality
from stream_verifier.media.types import VideoFrame
from stream_verifier.verify.channels.presence.channel import SURFACE
from stream_verifier.verify.channels.presence.surface import Surroundings
from stream_verifier.verify.table import PRESENCE
from stream_verifier.windows.types import FaceCrop

GOOD = FaceQuality(
    size_px=150, sharpness=300, yaw=0, pitch=0, brightness=0.5, contrast=0.2, detection=0.9
)


@dataclass
class ScriptedCheck:
    """Says the same probability of each picture, and keeps the boxes that it was given."""

    live: float
    boxes: list[Box] = field(default_factory=list)

    def look(self, image: object, box: Box) -> Look:
        self.boxes.append(box)
        return Look(near=self.live, wide=self.live, fits=1.0)


def watch(check: ScriptedCheck, seconds: int, quality: FaceQuality = GOOD) -> list[float | None]:
    surroundings = Surroundings(cast("PresentationCheck", check))
    return [judged(surroundings, second, quality) for second in range(seconds)]


def judged(surroundings: Surroundings, second: int, quality: FaceQuality = GOOD) -> float | None:
    surroundings.see(VideoFrame(np.zeros((200, 400, 3), np.uint8), float(second)))
    pixels = np.zeros((112, 112, 3), np.uint8)
    face = FaceCrop(pixels, float(second), (0.25, 0.5, 0.1, 0.2), quality, track_id=1)
    return surroundings.judge(face, float(second))


def test_a_face_that_is_there_itself_is_so_after_three_looks() -> None:
    said = watch(ScriptedCheck(live=0.9999), 5)
    assert said[:4] == [None] * 4
    assert said[4] == 4.0


def test_a_screen_speaks_against_the_call_more_with_each_look() -> None:
    said = watch(ScriptedCheck(live=0.85), 9)
    looks = [said[second] for second in (4, 6, 8)]
    each = math.log(0.85 / 0.15) - 3
    assert looks == pytest.approx([3 * each, 4 * each, 5 * each])


def test_one_look_counts_so_much_and_all_of_them_so_much_at_most() -> None:
    assert watch(ScriptedCheck(live=0.0), 5)[-1] == -8.0
    surroundings = Surroundings(cast("PresentationCheck", check := ScriptedCheck(live=0.9999)))
    for second in range(5):
        judged(surroundings, second)
    check.live = 0.0
    assert judged(surroundings, 10) == 1.0


def test_whoever_is_taken_for_paper_now_and_then_is_not_held_back() -> None:
    surroundings = Surroundings(cast("PresentationCheck", check := ScriptedCheck(live=0.0)))
    said = []
    for second in range(0, 120, 2):
        check.live = 0.3 if second % 6 == 0 else 0.99
        said.append(judged(surroundings, second))
    (rule,) = (one for one in PRESENCE if one.channel == SURFACE)
    assert min(one for one in said if one is not None) > rule.hold_below


def test_the_box_is_given_in_pixels_of_the_picture() -> None:
    watch(check := ScriptedCheck(live=0.9), 1)
    assert check.boxes == [(100.0, 100.0, 40.0, 40.0)]


def test_it_looks_every_two_seconds_and_rarely_once_it_is_clear() -> None:
    watch(unclear := ScriptedCheck(live=0.9), 20)
    watch(clear := ScriptedCheck(live=0.9999), 20)
    assert (len(unclear.boxes), len(clear.boxes)) == (10, 5)


@pytest.mark.parametrize("change", [{"brightness": 0.1}, {"sharpness": 20.0}])
def test_in_the_dark_and_out_of_focus_nothing_is_said(change: dict[str, float]) -> None:
    check = ScriptedCheck(live=0.01)
    assert watch(check, 10, replace(GOOD, **change)) == [None] * 10
    assert not check.boxes


def test_another_face_inherits_what_was_against_the_call_and_not_what_was_for_it() -> None:
    surroundings = Surroundings(cast("PresentationCheck", check := ScriptedCheck(live=0.4)))
    for second in range(6):
        judged(surroundings, second)
    surroundings.forget()
    check.live = 0.9999
    assert (judged(surroundings, 6) or 0.0) < 0
    better = Surroundings(cast("PresentationCheck", ScriptedCheck(live=0.9999)))
    for second in range(6):
        judged(better, second)
    better.forget()
    assert judged(better, 6) is None
