from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from model.evaluation.metrics import cllr
from model.siamese.fit import llr_loss
from model.siamese.network import INPUTS, Scaling, Shape, build_network
from model.types import Vector
from tests.support.siamese_media import random_inputs, scalings, trained_network, vector

FACE_QUALITY, VOICE_QUALITY, PRESENT = (
    INPUTS.index(name) for name in ("face_quality", "voice_quality", "present")
)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return trained_network()


@pytest.fixture(scope="module")
def fresh() -> keras.Model:
    return build_network(Shape(), *scalings())


def llrs(network: keras.Model, inputs: list[Vector]) -> Any:
    return np.asarray(network(inputs, training=False))


def with_input(inputs: list[Vector], index: int, array: Any) -> list[Vector]:
    return [vector(array) if i == index else kept for i, kept in enumerate(inputs)]


def test_inputs_come_in_the_order_of_their_names(network: keras.Model) -> None:
    assert tuple(tensor.name.split(":")[0] for tensor in network.inputs) == INPUTS
    assert network.output_shape == (None, 3)


def test_probe_and_reference_may_change_places(network: keras.Model) -> None:
    inputs = random_inputs(30)
    face, face_reference, face_quality, voice, voice_reference, voice_quality, present = inputs
    swapped = [face_reference, face, face_quality, voice_reference, voice, voice_quality, present]
    found = llrs(network, inputs)
    assert found.std(axis=0).min() > 0.5
    np.testing.assert_allclose(llrs(network, swapped), found, atol=1e-4)


def test_the_projection_changes_cosines_once_it_has_learned(
    network: keras.Model, fresh: keras.Model
) -> None:
    probe, reference = random_inputs(20)[:2]
    plain = (probe * reference).sum(axis=1) / np.linalg.norm(probe, axis=1)

    def cosines(model: keras.Model) -> Any:
        direction = model.get_layer("face_direction")
        return np.asarray(model.get_layer("face_cosine")([direction(probe), direction(reference)]))

    np.testing.assert_allclose(cosines(fresh)[:, 0], plain, atol=1e-5)
    assert np.abs(cosines(network)[:, 0] - plain).max() > 0.05


def test_a_quality_not_known_counts_as_the_mean_one(network: keras.Model) -> None:
    inputs = random_inputs(10)
    for index, scaling in zip((FACE_QUALITY, VOICE_QUALITY), scalings(), strict=True):
        for column in range(len(scaling.mean)):
            unknown, mean = inputs[index].copy(), inputs[index].copy()
            unknown[:, column], mean[:, column] = np.nan, scaling.mean[column]
            found = llrs(network, with_input(inputs, index, unknown))
            np.testing.assert_allclose(
                found, llrs(network, with_input(inputs, index, mean)), atol=1e-5
            )


def test_a_quality_beyond_all_seen_counts_as_the_last_one_seen(network: keras.Model) -> None:
    inputs = random_inputs(10)
    for far, edge in ((1e6, "highest"), (-1e6, "lowest")):
        for index, scaling in zip((FACE_QUALITY, VOICE_QUALITY), scalings(), strict=True):
            beyond = np.full_like(inputs[index], far)
            last = np.broadcast_to(getattr(scaling, edge), beyond.shape)
            np.testing.assert_array_equal(
                llrs(network, with_input(inputs, index, beyond)),
                llrs(network, with_input(inputs, index, last)),
            )


def test_qualities_set_the_line(network: keras.Model) -> None:
    inputs = random_inputs(10)
    other = with_input(inputs, VOICE_QUALITY, -inputs[VOICE_QUALITY])
    before, after = llrs(network, inputs), llrs(network, other)
    assert np.abs(before[:, 1] - after[:, 1]).max() > 0.1
    np.testing.assert_array_equal(before[:, 0], after[:, 0])


def test_both_together_follow_the_formula(network: keras.Model) -> None:
    face, voice, fused = llrs(network, random_inputs(200)).astype(np.float64).T
    weights = np.asarray(network.get_layer("joint").shares, np.float64)
    both, wrong_voice, wrong_face = np.exp(weights) / np.exp(weights).sum()
    against = both * np.exp(-face - voice) + wrong_voice * np.exp(-voice)
    expected = -np.log(against + wrong_face * np.exp(-face))
    np.testing.assert_allclose(fused, expected, rtol=1e-4, atol=1e-4)


def test_no_face_outvotes_a_wrong_voice(fresh: keras.Model) -> None:
    inputs = random_inputs(1)
    right, wrong = vector(inputs[1]), vector(-inputs[4])
    (found,) = llrs(fresh, with_input(with_input(inputs, 0, right), 3, wrong))
    face, voice, fused = found
    assert face > 8
    assert voice < -15
    assert fused == pytest.approx(voice + np.log(3), abs=0.01)


@pytest.mark.parametrize(("left", "present"), [(0, (1, 0)), (1, (0, 1))])
def test_of_one_modality_alone_its_own_llr_is_given(
    network: keras.Model, left: int, present: tuple[int, int]
) -> None:
    inputs = with_input(random_inputs(20), PRESENT, np.tile(present, (20, 1)))
    found = llrs(network, inputs)
    np.testing.assert_array_equal(found[:, 2], found[:, left])
    nothing = [
        np.zeros_like(array) if (index < 3) == (left == 1) and index != PRESENT else array
        for index, array in enumerate(inputs)
    ]
    np.testing.assert_array_equal(llrs(network, nothing)[:, 2], found[:, left])


@pytest.mark.parametrize("modality", [0, 1])
def test_a_nearer_probe_has_a_higher_llr(fresh: keras.Model, modality: int) -> None:
    inputs = [np.repeat(array[:1], 21, axis=0) for array in random_inputs(1)]
    reference = inputs[3 * modality + 1]
    aside = np.roll(reference, 1, axis=1)
    aside -= (aside * reference).sum(axis=1, keepdims=True) * reference
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    cosine = np.linspace(-1, 1, 21)[:, None]
    probe = 5 * (cosine * reference + np.sqrt(1 - cosine**2) * aside)
    found = llrs(fresh, with_input(inputs, 3 * modality, probe))
    assert (np.diff(found[:, modality]) > 0).all()
    assert (np.diff(found[:, 2]) >= 0).all()
    np.testing.assert_allclose(found[:, modality], 15 * cosine[:, 0] - 6, atol=1e-3)


def test_a_quality_never_known_takes_no_part() -> None:
    qualities = np.random.default_rng(0).standard_normal((100, 2)).astype(np.float32)
    qualities[:, 1] = np.nan
    qualities[3, 0] = np.nan
    scaling = Scaling.of(qualities)
    assert scaling.mean[1] == scaling.lowest[1] == scaling.highest[1] == 0
    assert np.isfinite([scaling.mean, scaling.scale]).all()
    assert (scaling.scale > 0).all()
    assert scaling.lowest[0] == pytest.approx(np.nanpercentile(qualities[:, 0], 2), abs=1e-5)


def test_the_loss_is_the_cllr_of_what_is_there() -> None:
    rng = np.random.default_rng(2)
    values = vector(3 * rng.standard_normal((400, 3)))
    labels = np.tile(np.arange(400)[:, None] % 2 == 0, (1, 3))
    weights = np.tile([1.0, 0.0, 1.0], (400, 1))
    loss = np.asarray(llr_loss(vector(np.column_stack([labels, weights])), values)).mean()
    mated = labels[:, 0]
    expected = sum(cllr(values[:, k].astype(np.float64), mated) for k in (0, 2))
    assert loss == pytest.approx(expected, rel=1e-5)
