from __future__ import annotations

import random

import av
import numpy as np
import pytest

from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames
from stream_verifier.media.continuity import Continuity, LookBudget
from stream_verifier.media.sampler import FrameSampler
from stream_verifier.media.video import VideoPicker

GRACE, EILEEN = DEMO_PEOPLE
FPS = 30


def frames(person: object, seconds: float) -> list[av.VideoFrame]:
    pictures = portrait_frames(person, seconds=seconds, fps=FPS)  # type: ignore[arg-type]
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


def test_another_size_breaks_off(own: list[av.VideoFrame]) -> None:
    continuity = Continuity()
    continuity.broken_by(own[0])
    assert continuity.broken_by(own[1].reformat(width=320, height=240))


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
