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


def _at(angle_deg: float) -> FaceSample:
    vector = np.zeros(128, np.float32)
    vector[:2] = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    return FaceSample(vector, QUALITY)


def _files(files: list[list[float]]) -> OnePerson[FaceSample]:
    """Samples by angle, a list a file; 45 degrees apart is one sitting, 60 another's file."""
    group: OnePerson[FaceSample] = OnePerson(same_cosine=0.7, across_cosine=0.5)
    for angles in files:
        group.begin_source()
        for angle in angles:
            group.add(_at(angle), 1.0)
    return group


@pytest.mark.parametrize("files", [[[0, 5], [58], [0]], [[58], [0, 5], [0]], [[0], [58], [0, 5]]])
def test_another_mood_in_another_file_is_still_that_person(files: list[list[float]]) -> None:
    group = _files(files)
    assert (group.weight, group.dropped) == (4.0, 0)
    assert not group.newest_is_other


def test_within_one_file_more_is_asked() -> None:
    assert _files([[0, 58, 0, 5]]).dropped == 1
    apart = _files([[0, 58], [0, 5]])
    assert (apart.weight, apart.dropped) == (3.0, 1), "two of one file are not joined by a third"


def test_another_persons_file_is_left_out() -> None:
    group = _files([[0, 5], [110, 112], [2]])
    assert (group.weight, group.dropped, group.other_share) == (3.0, 2, pytest.approx(0.4))
    assert not group.newest_is_other
    assert _files([[0, 5], [2], [110]]).newest_is_other


def test_hundreds_of_files_end_as_few_groups() -> None:
    group = _files([[0.0], [120.0]] * 150)
    assert (group.weight, group.other_share) == (150.0, pytest.approx(0.5))
