"""Voices in several manners."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.runtime.centroids import LEAN, MOST, centroids, leant, leant_vector
from model.runtime.comparator import load_comparator
from model.runtime.weights import Weights
from model.types import Reference, Vector, VoiceQuality, VoiceSample
from tests.support.stores import made_reference


def around(axes: list[int], each: int, *, spread: float = 0.02) -> Vector:
    """Some vectors about each of a few axes, of different lengths."""
    rng = np.random.default_rng(0)
    rows = [np.eye(192)[axis] + spread * rng.standard_normal(192) for axis in axes * each]
    return np.stack(
        [row * length for row, length in zip(rows, rng.uniform(1, 20, len(rows)), strict=True)]
    )


def test_one_stretch_has_no_manners() -> None:
    assert centroids(around([3], 1), [5.0]) is None


def test_a_few_stretches_are_kept_as_they_are() -> None:
    found = centroids(around([3, 4, 5], 1), [5.0, 1.0, 2.0])
    assert found is not None
    assert (found.shape, found.dtype) == ((3, 192), np.float32)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert found[1].argmax() == 4


def test_many_are_gathered_into_four_that_are_found_whatever_their_order() -> None:
    vectors = around([9, 50, 100, 150], 6)
    found = centroids(vectors, [1.0] * 24)
    mixed = centroids(np.random.default_rng(1).permutation(vectors), [1.0] * 24)
    assert found is not None
    assert mixed is not None
    assert len(found) == MOST
    assert {int(row.argmax()) for row in found} == {9, 50, 100, 150}
    assert {int(row.argmax()) for row in mixed} == {9, 50, 100, 150}
    np.testing.assert_array_equal(found, centroids(vectors, [1.0] * 24))


def test_the_same_vector_over_and_over_has_a_finite_centroid() -> None:
    found = centroids(np.repeat(around([3], 1), 9, axis=0), [1.0] * 9)
    assert found is not None
    np.testing.assert_allclose(found[:, 3], found[0, 3])
    assert np.isfinite(found).all()


def test_longer_speech_draws_a_centroid_to_itself() -> None:
    near = np.eye(192)[[0, 0, 10, 20, 30]] + 0.5 * np.eye(192)[[1, 2, 10, 20, 30]]
    found = centroids(near, [9.0, 1.0, 1.0, 1.0, 1.0])
    assert found is not None
    (together,) = [row for row in found if row[0] > 0.5]
    assert together[1] > 5 * together[2] > 0


def test_a_reference_leans_towards_the_nearest_and_no_further() -> None:
    mean, each = np.eye(192, dtype=np.float32)[0], np.eye(192, dtype=np.float32)[[1, 2]]
    voice = leant_vector(mean, each, 7 * np.eye(192, dtype=np.float32)[2])
    np.testing.assert_allclose(voice[[0, 1, 2]], np.array([1, 0, LEAN]) / np.hypot(1, LEAN))


def test_without_centroids_nothing_changes() -> None:
    reference = made_reference(2)
    assert leant(reference, reference.voice) is reference


def test_the_comparator_leans_in_the_band_that_is_compared() -> None:
    weights = Weights.load()
    comparator, rng = load_comparator(weights), np.random.default_rng(0)
    probe = rng.standard_normal(192).astype(np.float32)
    plain = replace(made_reference(2), wide=True)
    other = made_reference(4)
    assert other.telephone is not None
    beside = np.stack([other.voice, probe / np.linalg.norm(probe)])
    sample = VoiceSample(probe, VoiceQuality(3.0, 20.0, -25.0), telephone=probe)
    llr = _voice(plain, sample)
    assert _voice(replace(plain, telephone_centroids=beside), sample) == llr
    assert _voice(replace(plain, voice_centroids=beside), sample) > llr + 1
    narrow = replace(sample, narrow=True)
    llr = _voice(plain, narrow)
    assert _voice(replace(plain, voice_centroids=beside), narrow) == llr
    assert _voice(replace(plain, telephone_centroids=beside), narrow) > llr + 1
    leaning = replace(plain, voice_centroids=beside)
    once = leant(leaning, probe)
    assert comparator.scores(leaning, None, sample) == pytest.approx(
        comparator.scores(once, None, sample)
    )


def _voice(reference: Reference, sample: VoiceSample) -> float:
    llr = load_comparator(Weights.load()).compare(reference, None, sample).llr_voice
    assert llr is not None
    return llr
