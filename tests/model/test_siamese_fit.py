from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from model.data.packs import KINDS
from model.evaluation.metrics import cllr, equal_error_rate
from model.siamese.fit import Schedule, fit_network, scores
from model.siamese.network import Scaling, Shape, build_network
from model.siamese.pairs import Batch, PairMaker
from model.siamese.samples import Samples
from model.siamese.validation import HeldOut, Trials, held_out, table
from model.training.run import Run
from model.types import Vector
from tests.support.siamese_media import (
    clusters,
    face_clusters,
    random_inputs,
    trained_network,
    voice_clusters,
)

pytestmark = pytest.mark.usefixtures("no_curves")


def fit(folder: Path, *, seed: int, schedule: Schedule, nuisance: float = 0.0) -> keras.Model:
    faces, voices = face_clusters(nuisance=nuisance), voice_clusters(nuisance=nuisance)
    return fit_network(
        Run(folder, {}),
        "fusion",
        faces,
        voices,
        seed=seed,
        shape=Shape(rank=4),
        schedule=schedule,
    )


def figures(network: keras.Model, batch: Batch) -> tuple[float, float]:
    """EER and Cllr of the fused LLR."""
    fused, mated = scores(network, batch)[:, 2].astype(np.float64), batch.labels[:, 2]
    return equal_error_rate(fused, mated), cllr(fused, mated)


def test_it_learns_what_tells_people_apart(tmp_path: Path) -> None:
    schedule = Schedule(epochs=3, batches=20, size=96, rate=0.02)
    network = fit(tmp_path, seed=1, schedule=schedule, nuisance=2.0)
    faces, voices = face_clusters(nuisance=2.0), voice_clusters(nuisance=2.0)
    start = build_network(Shape(), Scaling.of(faces.qualities), Scaling.of(voices.qualities))
    batch = PairMaker(faces, voices, seed=9, dropout=0.1).draw(1500, 0)
    (eer_before, cllr_before), (eer, found) = figures(start, batch), figures(network, batch)
    assert eer_before > 0.2
    assert eer < eer_before / 3
    assert found < 0.4 < cllr_before
    rows = Run(tmp_path, {}).history("fusion")
    assert len(rows) == 3
    assert rows[-1]["loss"] < rows[0]["loss"] / 2


@pytest.mark.usefixtures("eager")
def test_the_seed_decides_all_weights(tmp_path: Path) -> None:
    schedule = Schedule(epochs=1, batches=2, size=32)
    one, again = (
        fit(tmp_path / name, seed=3, schedule=schedule).get_weights() for name in ("one", "again")
    )
    assert any(weights.std() > 0 for weights in one)
    for a, b in zip(one, again, strict=True):
        np.testing.assert_array_equal(a, b)


def test_scores_do_not_depend_on_how_many_are_computed_at_once() -> None:
    batch = PairMaker(face_clusters(), voice_clusters(), seed=1).draw(10, 0)
    whole = scores(trained_network(), batch)
    assert whole.shape == (10, 3)
    np.testing.assert_allclose(scores(trained_network(), batch, size=4), whole, atol=1e-5)
    assert np.isfinite(whole).all()
    assert not np.allclose(whole, scores(trained_network(), with_other_probes(batch)))


def with_other_probes(batch: Batch) -> Batch:
    inputs = [random_inputs(10)[0], *batch.inputs[1:]]
    return Batch(inputs, batch.kind, batch.face, batch.voice)


class Spy:
    """Notes whom a network is trained on and what it then scores; knows people by cosines."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.faces: list[Samples] = []
        self.voices: list[Samples] = []
        self.scored: list[list[Vector]] = []

    def __call__(self, stage: str, faces: Samples, voices: Samples) -> Any:
        self.stages.append(stage)
        self.faces.append(faces)
        self.voices.append(voices)
        return self.score

    def score(self, inputs: list[Vector], *, training: bool) -> Vector:
        assert not training
        self.scored.append(inputs)
        face, voice = (
            (inputs[i] * inputs[i + 1]).sum(axis=1) / np.linalg.norm(inputs[i], axis=1)
            for i in (0, 3)
        )
        return np.column_stack([face, voice, np.minimum(face, voice)]) - np.float32(0.4)


def held_out_by(spy: Spy, faces: Samples, voices: Samples, *, folds: int | None = None) -> HeldOut:
    return held_out(faces, voices, spy, seed=1, trials=Trials(folds, per_fold=200))


def rows_of(samples: Samples) -> set[bytes]:
    return {row.tobytes() for row in samples.vectors}


def test_a_source_is_scored_by_a_network_that_never_heard_it() -> None:
    spy, faces, voices = Spy(), face_clusters(), voice_clusters()
    found = held_out_by(spy, faces, voices)
    assert spy.stages == ["without_here", "without_there"]
    assert [set(known.sources) for known in spy.voices] == [{"there"}, {"here"}]
    assert found.source.tolist() == ["here"] * 200 + ["there"] * 200
    for known_faces, known_voices, inputs in zip(spy.faces, spy.voices, spy.scored, strict=True):
        assert not rows_of(known_faces) & {row.tobytes() for row in inputs[0]}
        assert not rows_of(known_voices) & {row.tobytes() for row in inputs[3]}
        assert (inputs[-1] == 1).all()
    # Every face is left out once.
    known = [name for part in spy.faces for name in part.people]
    assert sorted(known) == sorted(faces.people)


def test_voices_of_one_source_are_left_out_in_parts() -> None:
    spy = Spy()
    faces, voices = (clusters(8, 1, people=[("here", 9)], seed=seed) for seed in (0, 1))
    found = held_out_by(spy, faces, voices)
    assert len(spy.stages) == len(set(spy.stages)) == 4
    left_out = [set(voices.people) - set(known.people) for known in spy.voices]
    assert sorted(name for part in left_out for name in part) == sorted(voices.people)
    assert found.scores.shape == found.labels.shape == (800, 3)


def test_no_more_is_left_out_than_was_asked_for() -> None:
    spy, faces, voices = Spy(), face_clusters(), voice_clusters()
    found = held_out_by(spy, faces, voices, folds=1)
    assert spy.stages == ["without_here"]
    assert found.source.tolist() == ["here"] * 200


def test_the_table_tells_kinds_and_sources_apart() -> None:
    found = held_out_by(Spy(), face_clusters(), voice_clusters())
    rows = table(found, 20 * found.scores)
    sources = {"voices of here", "voices of there"}
    assert set(rows) == {"face", "voice", "fused", *KINDS[1:]} | sources
    assert rows["fused"]["trials"] == 400 == sum(rows[name]["trials"] for name in sources)
    genuine = int((found.kind == 0).sum())
    assert sum(rows[kind]["trials"] for kind in KINDS[1:]) == 400 + 2 * genuine
    assert rows["voice"]["eer"] == equal_error_rate(
        found.scores[:, 1].astype(np.float64), found.labels[:, 1]
    )
    for row in rows.values():
        assert 0 <= row["min_cllr"] <= row["cllr"] + 1e-9


def test_a_voice_that_says_nothing_shows_in_its_kind() -> None:
    found = held_out_by(Spy(), face_clusters(), voice_clusters())
    deaf = found.scores[:, [0, 0, 0]]
    rows = table(found, deaf)
    assert rows["impostor_voice"]["eer"] > 0.35 > 0.1 > rows["impostor_face"]["eer"]


def test_a_source_of_one_person_stays_in_training() -> None:
    spy = Spy()
    people = [("here", 4), ("lonely", 1), ("there", 4)]
    faces, voices = (clusters(8, 1, people=people, seed=seed) for seed in (0, 1))
    found = held_out_by(spy, faces, voices)
    assert spy.stages == ["without_here", "without_there"]
    assert [set(known.sources) for known in spy.voices] == [
        {"lonely", "there"},
        {"here", "lonely"},
    ]
    assert set(found.source) == {"here", "there"}
