from __future__ import annotations

import random

import av
import numpy as np
import pytest

from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames
from stream_verifier.media.continuity import Continuity, LookBudget, change, thumbnail
from stream_verifier.media.sampler import FrameSampler
from stream_verifier.media.types import VideoFrame
from stream_verifier.media.video import VideoPicker

GRACE, EILEEN = DEMO_PEOPLE
FPS = 30
SIZE = (320, 240)
"""All that is looked at is a thumbnail, whatever the size."""


def frames(person: object, seconds: float) -> list[av.VideoFrame]:
    pictures = portrait_frames(person, seconds=seconds, fps=FPS, size=SIZE)  # type: ignore[arg-type]
    return [av.VideoFrame.from_ndarray(one, "bgr24").reformat(format="yuv420p") for one in pictures]


@pytest.fixture(scope="module")
def own() -> list[av.VideoFrame]:
    return frames(GRACE, 4.0)


@pytest.fixture(scope="module")
def other() -> list[av.VideoFrame]:
    return frames(EILEEN, 4.0)


def test_a_moving_person_goes_on(own: list[av.VideoFrame]) -> None:
    continuity = Continuity()
    broken = [continuity.broken_by(frame) for frame in own]
    assert sum(broken) <= 1


def test_another_face_breaks_off_at_its_first_frame(
    own: list[av.VideoFrame], other: list[av.VideoFrame]
) -> None:
    for at in (10, 35, 77):
        continuity = Continuity()
        mixed = [*own[:at], *other[at:]]
        broken = [number for number, frame in enumerate(mixed) if continuity.broken_by(frame)]
        assert at in broken


@pytest.mark.parametrize("packed", ["bgr24", "rgb24"])
def test_packed_colours_look_as_planes_do(own: list[av.VideoFrame], packed: str) -> None:
    """Still pictures come so."""
    assert change(thumbnail(own[0]), thumbnail(own[0].reformat(format=packed))) < 0.05


def test_exposure_breaks_nothing_off(own: list[av.VideoFrame]) -> None:
    continuity = Continuity()
    picture = own[0].to_ndarray(format="bgr24")
    for gain in (1.0, 0.7, 1.1, 0.8):
        shown = np.asarray(picture * gain, np.uint8) if gain < 1 else picture
        frame = av.VideoFrame.from_ndarray(np.asarray(shown, np.uint8), "bgr24")
        assert not continuity.broken_by(frame.reformat(format="yuv420p"))


def test_a_slow_fade_is_left_to_the_looks(
    own: list[av.VideoFrame], other: list[av.VideoFrame]
) -> None:
    a, b = (one[0].to_ndarray(format="bgr24").astype(float) for one in (own, other))
    continuity, broken = Continuity(), []
    for number in range(300):
        shown = np.asarray(a + (b - a) * number / 299, np.uint8)
        frame = av.VideoFrame.from_ndarray(shown, "bgr24").reformat(format="yuv420p")
        broken.append(continuity.broken_by(frame))
        if number == 0 or broken[-1]:
            continuity.looked()
    # Never between two frames; against the last look, now and then.
    assert 1 <= sum(broken) <= 10


def test_a_key_frame_prompts_a_look_once_and_is_picked_once(own: list[av.VideoFrame]) -> None:
    picker = VideoPicker(chance=random.Random(3))
    taken = [
        picker.push(own[0], number / FPS, arrived_s=number / FPS, anew=number == 31)
        for number in range(60)
    ]
    assert [item.prompted for item in taken[31] if isinstance(item, VideoFrame)] == [True]
    looks = [item for some in taken for item in some if isinstance(item, VideoFrame)]
    assert sum(item.prompted for item in looks) == 1


def test_a_file_prompts_nothing(own: list[av.VideoFrame], other: list[av.VideoFrame]) -> None:
    picker = VideoPicker()
    mixed = [(own if number % 2 else other)[number] for number in range(60)]
    items = [item for n, frame in enumerate(mixed) for item in picker.push(frame, n / FPS)]
    assert [item.time_s for item in items if isinstance(item, VideoFrame)] == [0, 0.5, 1, 1.5]
    assert not any(item.prompted for item in items if isinstance(item, VideoFrame))


def test_another_size_breaks_off(own: list[av.VideoFrame]) -> None:
    continuity = Continuity()
    continuity.broken_by(own[0])
    assert continuity.broken_by(own[1].reformat(width=160, height=120))


def test_a_budget_grants_a_single_change_and_is_not_to_be_emptied() -> None:
    budget = LookBudget(random.Random(1))
    assert budget.spend(0.0)
    granted = sum(budget.spend(number / 30) for number in range(1, 3000))
    assert 100 <= granted <= 4 + 2 * 100


def test_looks_by_chance_are_one_an_interval_and_unpredictable() -> None:
    picked = []
    for seed in range(20):
        sampler = FrameSampler(2.0, random.Random(seed))
        times = [n / FPS for n in range(FPS * 20) if sampler.wants(n / FPS)]
        assert 38 <= len(times) <= 41
        assert max(b - a for a, b in zip(times, times[1:], strict=False)) < 1.05
        picked.append({round(at % 0.5 * FPS) for at in times})
    assert all(len(phases) > 8 for phases in picked)


@pytest.mark.parametrize(("flicker", "every_s"), [(1, 0.5), (31, 0.5), (16, 0.7), (16, 0.95)])
def test_pictures_are_looked_at_as_long_as_they_are_seen(
    own: list[av.VideoFrame], other: list[av.VideoFrame], flicker: int, every_s: float
) -> None:
    """Dates that follow on each other in a millisecond, but for the other person's."""
    picker = VideoPicker(rate_hz=2.0, chance=random.Random(3))
    seen = 0
    for number in range(40):
        shown = [*(own[(number + 7 * n) % len(own)] for n in range(flicker)), other[number]]
        for step, frame in enumerate(shown):
            at_s = number * every_s + step / 1000
            found = picker.push(frame, at_s, arrived_s=at_s)
            looks = [item for item in found if isinstance(item, VideoFrame)]
            assert all(at_s - (look.arrived_s or 0.0) <= 0.25 for look in looks)
            other_s = (number - (step < flicker)) * every_s + flicker / 1000
            seen += sum(abs(look.time_s - other_s) < 5e-4 for look in looks)
    assert seen >= 30


def test_dates_that_hardly_move_stop_no_looks(
    own: list[av.VideoFrame], other: list[av.VideoFrame]
) -> None:
    """Others see pictures as they come, where they ask to wait for none."""
    picker = VideoPicker(rate_hz=2.0, chance=random.Random(3))
    picker._continuity = Continuity(cut=9.0, drift=9.0)  # people who look alike
    seen = 0
    for number in range(60):
        shown = [own[number], *[other[number]] * 25, own[number]]
        for step, frame in enumerate(shown):
            at_s = number * 0.45
            found = picker.push(frame, at_s + step / 1000, arrived_s=at_s + step / 60)
            looks = [item for item in found if isinstance(item, VideoFrame)]
            seen += sum(0 < round((look.time_s - at_s) * 1000) < 26 for look in looks)
    assert seen >= 15


def test_what_was_lost_is_told_with_the_next_picture_that_is_looked_at(
    own: list[av.VideoFrame],
) -> None:
    picker = VideoPicker(rate_hz=2.0, chance=random.Random(3))
    lost_s = 0.0
    for number in range(40):
        found = picker.push(own[0], number * 0.4, missed=number % 2 == 1)
        lost_s += sum(item.lost_s for item in found if isinstance(item, VideoFrame))
    assert lost_s == pytest.approx(20 * 0.4, abs=0.41)


def test_frames_that_alternate_are_looked_at_of_both_kinds(
    own: list[av.VideoFrame], other: list[av.VideoFrame]
) -> None:
    """Two of fifteen pictures are the right person's, at the moments of a fixed grid."""
    picker = VideoPicker(rate_hz=2.0, chance=random.Random(3))
    seen = {"own": 0, "other": 0}
    for number in range(len(own)):
        genuine = number % 15 < 2
        frame = own[number] if genuine else other[number]
        taken = picker.push(frame, number / FPS, arrived_s=number / FPS)
        seen["own" if genuine else "other"] += len(taken)
    assert seen["other"] >= 5
    assert np.isclose(sum(seen.values()), 14, atol=6)
