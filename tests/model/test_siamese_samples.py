from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.data.packs import KINDS
from model.errors import PackError
from model.siamese.pairs import SHARES, PairMaker
from model.siamese.samples import REFERENCE_UNITS, Samples, TrialMaker, Trials
from tests.support.siamese_media import clusters, face_clusters, voice_clusters

GENUINE, BOTH, WRONG_VOICE, WRONG_FACE = range(len(KINDS))


@pytest.fixture(scope="module")
def traceable() -> Samples:
    """Each row has an axis of its own, so that a reference tells what it was made of."""
    samples = clusters(8, 1, copies=2)
    return replace(samples, vectors=3 * np.eye(len(samples.person), dtype=np.float32))


@pytest.fixture(scope="module")
def trials(traceable: Samples) -> Trials:
    rng = np.random.default_rng(3)
    return TrialMaker(traceable).draw(rng.random(600) < 0.5, rng)


@pytest.fixture(scope="module")
def pairs() -> PairMaker:
    return PairMaker(face_clusters(), voice_clusters(), seed=4, dropout=0.2)


def test_a_reference_is_made_of_other_clean_units_of_the_claimed_person(
    traceable: Samples, trials: Trials
) -> None:
    counts = set()
    for probe, reference, target in zip(trials.probe, trials.reference, trials.target, strict=True):
        rows = np.flatnonzero(reference)
        counts.add(len(rows))
        assert traceable.clean[rows].all()
        assert (traceable.person[rows] == target).all()
        same = traceable.person[probe] == target
        assert not same or traceable.unit[probe] not in traceable.unit[rows]
        np.testing.assert_allclose(reference[rows], 1 / np.sqrt(len(rows)), rtol=1e-6)
    assert counts == set(range(1, REFERENCE_UNITS + 1))


def test_labels_say_whose_the_probe_is_and_nobody_leaves_the_source(
    traceable: Samples, trials: Trials
) -> None:
    person = traceable.person[trials.probe]
    np.testing.assert_array_equal(trials.mated, person == trials.target)
    np.testing.assert_array_equal(traceable.sources[person], traceable.sources[trials.target])
    assert not traceable.clean[trials.probe].all()  # damaged samples are probed too


def test_a_source_is_drawn_by_the_root_of_its_people() -> None:
    samples = clusters(4, 1, people=[("large", 16), ("small", 4)], units=2)
    drawn = TrialMaker(samples).draw(np.ones(3000, bool), np.random.default_rng(0))
    share = (samples.sources[drawn.target] == "large").mean()
    assert share == pytest.approx(2 / 3, abs=0.04)


def test_who_has_one_good_unit_only_is_not_drawn() -> None:
    samples = clusters(4, 1, people=[("here", 4)], units=2)
    samples.clean[(samples.person == 2) & (samples.unit == 1)] = False
    drawn = TrialMaker(samples).draw(np.arange(200) % 2 == 0, np.random.default_rng(0))
    assert set(drawn.target) == set(samples.person[drawn.probe]) == {0, 1, 3}


def test_two_people_of_one_source_are_needed() -> None:
    alone = clusters(4, 1, people=[("here", 1), ("there", 1)])
    with pytest.raises(PackError, match="two people of one source"):
        TrialMaker(alone)


def test_some_people_keep_their_samples_under_new_numbers() -> None:
    samples = clusters(4, 2)
    some = samples.of_people(samples.sources == "there")
    assert some.people == tuple(name for name in samples.people if name.startswith("there/"))
    for number, name in enumerate(some.people):
        before = samples.vectors[samples.person == samples.people.index(name)]
        np.testing.assert_array_equal(some.vectors[some.person == number], before)
    assert len(some.unit) == len(some.clean) == len(some.qualities) == len(some.vectors)


def test_kinds_come_in_their_shares_and_mean_what_they_say(pairs: PairMaker) -> None:
    batch = pairs.draw(2000, 0)
    counts = np.bincount(batch.kind, minlength=len(KINDS)) / 2000
    np.testing.assert_allclose(counts, SHARES, atol=0.03)
    both = batch.present.all(axis=1)
    expected = {GENUINE: [1, 1, 1], BOTH: [0, 0, 0], WRONG_VOICE: [1, 0, 0], WRONG_FACE: [0, 1, 0]}
    for kind, labels in expected.items():
        found = batch.labels[both & (batch.kind == kind)]
        assert found.any(axis=0).tolist() == found.all(axis=0).tolist() == labels
    np.testing.assert_array_equal(batch.labels[:, 0], batch.face.mated)
    np.testing.assert_array_equal(batch.labels[:, 1], batch.voice.mated)


def test_a_modality_is_taken_away_now_and_then_but_never_both(pairs: PairMaker) -> None:
    batch = pairs.draw(2000, 1)
    assert batch.present.any(axis=1).all()
    np.testing.assert_allclose((~batch.present).mean(axis=0), 0.2, atol=0.03)
    for here in (0, 1):
        alone = batch.present[:, here] & ~batch.present[:, 1 - here]
        np.testing.assert_array_equal(batch.labels[alone, 2], batch.labels[alone, here])
    np.testing.assert_array_equal(batch.weights[:, :2], batch.present)
    assert (batch.weights[:, 2] == 1).all()


def test_inputs_are_those_of_the_trials(pairs: PairMaker) -> None:
    faces, voices = face_clusters(), voice_clusters()
    batch = pairs.draw(50, 2)
    expected = [
        faces.vectors[batch.face.probe],
        batch.face.reference,
        faces.qualities[batch.face.probe],
        voices.vectors[batch.voice.probe],
        batch.voice.reference,
        voices.qualities[batch.voice.probe],
    ]
    for found, wanted in zip(batch.inputs, expected, strict=False):
        np.testing.assert_array_equal(found, wanted)
    assert {array.dtype for array in batch.inputs} == {np.dtype(np.float32)}


def test_an_epoch_follows_from_the_seed_and_its_number(pairs: PairMaker) -> None:
    again = PairMaker(face_clusters(), voice_clusters(), seed=4, dropout=0.2)
    other = PairMaker(face_clusters(), voice_clusters(), seed=5, dropout=0.2)
    first, *_ = pairs.epoch(3, batches=2, size=16)
    assert np.array_equal(first[0][0], next(again.epoch(3, batches=2, size=16))[0][0])
    for different in (pairs.epoch(4, batches=2, size=16), other.epoch(3, batches=2, size=16)):
        assert not np.array_equal(first[0][0], next(different)[0][0])


def test_batches_hold_the_epochs_trials_in_order(pairs: PairMaker) -> None:
    whole = pairs.draw(48, 5)
    inputs, targets = zip(*pairs.epoch(5, batches=3, size=16), strict=True)
    assert [len(part) for part in targets] == [16, 16, 16]
    np.testing.assert_array_equal(np.concatenate([part[0] for part in inputs]), whole.inputs[0])
    joined = np.concatenate(targets)
    np.testing.assert_array_equal(joined[:, :3], whole.labels)
    np.testing.assert_array_equal(joined[:, 3:], whole.weights)


def test_a_reference_averages_as_many_units_as_it_must(traceable: Samples) -> None:
    drawn = TrialMaker(traceable, least=REFERENCE_UNITS).draw(
        np.zeros(60, np.bool_), np.random.default_rng(0)
    )
    assert (np.count_nonzero(drawn.reference, axis=1) == REFERENCE_UNITS).all()
