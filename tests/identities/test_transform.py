from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stream_verifier.identities.transform import new_seed, turn, turn_back, turned
from tests.support.stores import assert_same, made_reference

SEED = bytes(range(32))


def _unit(rng: np.random.Generator, size: int) -> np.ndarray:
    vector = rng.standard_normal(size)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.mark.parametrize("number", [2, 3])
def test_turns_back_what_it_turned(number: int) -> None:
    reference = made_reference(number)
    stored = turn(reference, SEED)
    assert abs(float(stored.face @ reference.face)) < 0.5
    assert_same(turn_back(stored, SEED), reference)


def test_no_vector_is_stored_as_it_is_and_no_two_turn_alike() -> None:
    reference = made_reference(2)
    stored = turn(replace(reference, telephone=reference.voice), SEED)
    assert stored.telephone is not None
    for turned_alike in (stored.voice, reference.voice):
        assert abs(float(stored.telephone @ turned_alike)) < 0.5


@pytest.mark.parametrize("size", [1, 2, 5, 128, 192])
def test_the_turn_is_orthogonal(size: int) -> None:
    matrix = np.stack([turned(axis, SEED, "face") for axis in np.eye(size, dtype=np.float32)])
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(size), atol=1e-6)


def test_comparisons_come_out_as_before() -> None:
    rng = np.random.default_rng(0)
    for size in (128, 192):
        stored, probe = _unit(rng, size), _unit(rng, size)
        back = turned(turned(stored, SEED, "face"), SEED, "face", back=True)
        assert float(back @ probe) == pytest.approx(float(stored @ probe), abs=1e-6)


def test_every_direction_is_as_likely_as_any_other() -> None:
    """Of a fixed vector, turned by many seeds, each coordinate has mean 0 and variance 1/n."""
    vector, size, count = np.eye(1, 24, dtype=np.float32)[0], 24, 2000
    cloud = np.stack([turned(vector, new_seed(), "face") for _ in range(count)])
    assert np.abs(cloud.mean(axis=0)).max() < 5 / np.sqrt(size * count)
    covariance = cloud.T @ cloud / count * size
    np.testing.assert_allclose(covariance, np.eye(size), atol=0.25)


def test_face_and_voice_and_each_seed_turn_in_ways_of_their_own() -> None:
    vector = _unit(np.random.default_rng(1), 128)
    ways = [turned(vector, seed, part) for seed in (SEED, SEED[::-1]) for part in ("face", "voice")]
    cosines = np.stack(ways) @ np.stack(ways).T
    assert np.abs(cosines - np.eye(4)).max() < 0.5


def test_a_seed_means_the_same_turn_for_ever() -> None:
    """Stored references are lost if this changes."""
    vector = np.eye(1, 5, dtype=np.float32)[0]
    np.testing.assert_allclose(turned(vector, SEED, "face"), PINNED, atol=1e-6)


PINNED = [0.3548661, 0.5064836, 0.2803987, 0.4618067, -0.5706624]


def test_two_stores_of_the_same_people_cannot_be_matched() -> None:
    """By chance alone: the cosines of one's own are no higher than those with others."""
    rng = np.random.default_rng(2)
    people = [_unit(rng, 64) for _ in range(80)]
    first, second = ([turned(one, rng.bytes(32), "face") for one in people] for _ in range(2))
    cosines = np.stack(first) @ np.stack(second).T
    own, others = np.diag(cosines), cosines[~np.eye(80, dtype=bool)]
    # How often one's own is above another's: 1 before they were turned, one half at chance.
    above = float((own[:, None] > others[None, :]).mean())
    assert above == pytest.approx(0.5, abs=3 / np.sqrt(12 * 80))
    assert abs(float(own.mean())) < 4 / np.sqrt(64 * 80)
