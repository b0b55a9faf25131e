from __future__ import annotations

import numpy as np
import pytest

from model.types import FaceQuality, FaceSample
from stream_verifier.identities.one_person import OnePerson

QUALITY = FaceQuality(150, 300, 0, 0, 0.5, 0.2, 0.9)


def _sample(person: int, *, noise: float = 0.3, seed: int = 0) -> FaceSample:
    vector = np.zeros(128, np.float32)
    vector[person] = 5.0
    rng = np.random.default_rng([person, seed])
    spread = rng.standard_normal(128).astype(np.float32) * 5 * noise / np.sqrt(128)
    return FaceSample(vector + spread, QUALITY)


def _of(people: list[int]) -> OnePerson[FaceSample]:
    group: OnePerson[FaceSample] = OnePerson(same_cosine=0.36)
    for seed, person in enumerate(people):
        group.add(_sample(person, seed=seed), 1.0)
    return group


def test_nothing_yet() -> None:
    group = _of([])
    assert (group.samples, group.weight, group.dropped, group.other_share) == ([], 0.0, 0, 0.0)
    assert not group.newest_is_other


def test_one_person_is_one_group() -> None:
    group = _of([0] * 8)
    assert (len(group.samples), group.weight, group.dropped, group.other_share) == (8, 8.0, 0, 0.0)


@pytest.mark.parametrize("people", [[1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 1]])
def test_the_majority_wins_wherever_the_stray_sample_comes(people: list[int]) -> None:
    group = _of(people)
    assert (group.weight, group.dropped) == (4.0, 1)
    assert all(sample.vector[0] > sample.vector[1] for sample in group.samples)
    assert group.other_share == pytest.approx(0.2)
    assert group.newest_is_other == (people[-1] == 1)


def test_two_people_share_as_they_came() -> None:
    assert _of([0, 1, 0, 1, 0]).other_share == pytest.approx(0.4)


def test_others_add_up_though_each_is_another() -> None:
    group = _of([0, 0, 0, 0, 1, 2, 3, 4])
    assert (group.dropped, group.other_share) == (4, pytest.approx(0.5))


def test_groups_that_grow_alike_are_joined() -> None:
    """Two poor samples of one person found two groups; a good one between them joins both."""
    group: OnePerson[FaceSample] = OnePerson(same_cosine=0.5)
    for angle_deg in (0, 62, 31, 31):
        angle = np.deg2rad(angle_deg)
        vector = np.zeros(128, np.float32)
        vector[:2] = np.cos(angle), np.sin(angle)
        group.add(FaceSample(vector, QUALITY), 1.0)
    assert (len(group.samples), group.weight, group.dropped) == (4, 4.0, 0)


def test_weight_decides_not_number() -> None:
    group: OnePerson[FaceSample] = OnePerson(same_cosine=0.36)
    for seed in range(3):
        group.add(_sample(0, seed=seed), 0.5)
    group.add(_sample(1), 3.0)
    assert (group.weight, group.dropped) == (3.0, 3)


def test_a_zero_vector_does_no_harm() -> None:
    group = _of([0, 0])
    group.add(FaceSample(np.zeros(128, np.float32), QUALITY), 1.0)
    assert (group.weight, group.dropped) == (2.0, 1)
