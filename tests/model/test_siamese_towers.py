from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import scipy.io.wavfile
from keras import layers

from model.data.media import SAMPLE_RATE_HZ
from model.data.packs import Pack
from model.errors import PackError
from model.siamese import lessons as lessons_module
from model.siamese.lessons import face_lessons, voice_lessons
from model.siamese.material import Amount
from model.siamese.towers import Lessons, Tuning, tune, unit
from model.training.run import Run
from model.types import Vector
from stream_verifier.demo.people import DEMO_PEOPLE, speech
from tests.support.siamese_media import vector, write_pack

pytestmark = pytest.mark.usefixtures("no_curves")
BANDS = 6
PEOPLE = 5
TUNING = Tuning(steps=20, size=8, rate=5e-3)


class Killed(BaseException):
    """Stands for a kill in the middle of an epoch."""


def tiny_tower() -> keras.Model:
    """Features (frames, bands) to vectors, with all that could move while it is trained."""
    keras.utils.set_random_seed(2)
    inputs = keras.Input((None, BANDS))
    x = layers.Conv1D(12, 3, activation="tanh")(inputs)
    x = layers.Dropout(0.5)(layers.BatchNormalization(momentum=0.5)(x))
    x = layers.GlobalAveragePooling1D()(layers.Conv1D(8, 1, activation="tanh")(x))
    return keras.Model(inputs, layers.Dense(10)(x), name="tiny")


def utterance(row: int) -> Vector:
    """Four of each person, all alike but for a little noise."""
    own = np.random.default_rng(row // 4).standard_normal((20, BANDS))
    return vector(own + 0.3 * np.random.default_rng(100 + row).standard_normal(own.shape))


def damaged(row: int, rng: np.random.Generator) -> Vector | None:
    """Noisy, of any length, and now and then nothing is left."""
    if rng.random() < 0.1:
        return None
    frames = int(rng.integers(8, 21))
    return vector(utterance(row)[:frames] + rng.standard_normal((frames, BANDS)))


def tiny_lessons(
    teacher: keras.Model, draw: Callable[[int, np.random.Generator], Vector | None] = damaged
) -> Lessons:
    whole = np.stack([utterance(row) for row in range(4 * PEOPLE)])
    targets = np.asarray(teacher(whole, training=False))
    return Lessons(targets, np.repeat(np.arange(PEOPLE), 4), draw)


def nearness(tower: keras.Model, targets: Vector) -> float:
    """Mean cosine between damaged samples and what they should be."""
    rng = np.random.default_rng(77)
    found = []
    for row in list(range(len(targets))) * 2:
        drawn = damaged(row, rng)
        if drawn is not None:
            given = tower(drawn[None] - drawn.mean(axis=0), training=False)
            found.append(float(unit(np.asarray(given))[0] @ targets[row]))
    return float(np.mean(found))


@pytest.mark.usefixtures("eager")
def test_damaged_samples_come_nearer_and_batch_norms_stay(tmp_path: Path) -> None:
    tower = tiny_tower()
    lessons = tiny_lessons(tower)
    targets = lessons.blended(TUNING.own)
    before = {v.path: v.numpy().copy() for v in tower.weights}
    near = nearness(tower, targets)
    assert tune(Run(tmp_path, {}), "tower", tower, lessons, TUNING, seed=1) is tower
    assert nearness(tower, targets) > near + 0.05
    losses = [row["loss"] for row in Run(tmp_path, {}).history("tower")]
    assert len(losses) == 10
    assert np.mean(losses[5:]) < np.mean(losses[:5])
    same = {v.path for v in tower.weights if np.array_equal(v.numpy(), before[v.path])}
    assert same == {v.path for v in tower.weights if "moving" in v.path}
    assert len(same) == 2


@pytest.mark.usefixtures("eager")
def test_a_killed_tuning_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    short = Tuning(steps=3, size=4)
    straight, broken, resumed = tiny_tower(), tiny_tower(), tiny_tower()
    drawn: list[int] = []

    def until_killed(row: int, rng: np.random.Generator) -> Vector | None:
        drawn.append(row)
        if len(drawn) > 6:
            raise Killed
        return damaged(row, rng)

    tune(Run(tmp_path / "a", {}), "tower", straight, tiny_lessons(straight), short, seed=1)
    with pytest.raises(Killed):
        lessons = tiny_lessons(broken, until_killed)
        tune(Run(tmp_path / "b", {}), "tower", broken, lessons, short, seed=1)
    assert len(Run(tmp_path / "b", {}).history("tower")) == 1
    tune(Run(tmp_path / "b", {}), "tower", resumed, tiny_lessons(resumed), short, seed=1)
    for one, other in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_steps_the_tower_stays_as_it_was_published(tmp_path: Path) -> None:
    tower = tiny_tower()
    before = tower.get_weights()
    lessons = tiny_lessons(tower)
    assert tune(Run(tmp_path, {}), "tower", tower, lessons, Tuning(steps=0), seed=1) is tower
    for one, other in zip(before, tower.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not list(tmp_path.glob("tower*"))


def test_targets_lie_between_the_sample_and_its_person() -> None:
    rng = np.random.default_rng(0)
    person = np.repeat([0, 1], 3)
    lessons = Lessons(vector(4 * rng.standard_normal((6, 5))), person, damaged)
    np.testing.assert_allclose(lessons.blended(1.0), unit(lessons.targets), atol=1e-6)
    np.testing.assert_allclose(lessons.blended(0.0), lessons.means[person], atol=1e-6)
    mean = unit(lessons.targets)[:3].mean(axis=0)
    np.testing.assert_allclose(lessons.means[0], mean / np.linalg.norm(mean), atol=1e-6)
    half = lessons.blended(0.5)
    np.testing.assert_allclose(np.linalg.norm(half, axis=1), 1, atol=1e-6)
    to_own = (half * unit(lessons.targets)).sum(axis=1)
    np.testing.assert_allclose(to_own, (half * lessons.means[person]).sum(axis=1), atol=1e-5)


def averaging(shape: tuple[int | None, ...]) -> keras.Model:
    """A teacher that gives the mean of each band or colour."""
    inputs = keras.Input(shape)
    pool = layers.GlobalAveragePooling2D if len(shape) == 3 else layers.GlobalAveragePooling1D
    return keras.Model(inputs, pool()(inputs), name="averaging")


def test_pictures_are_drawn_damaged_and_taught_undamaged(tmp_path: Path) -> None:
    pack = Pack(write_pack(tmp_path, people=3, files=3))
    (tmp_path / "1_0.png").write_bytes(b"no picture")
    found = face_lessons(pack, averaging((112, 112, 3)), Amount(pictures=2))
    assert [path.name for path in pack.notes.skipped] == ["1_0.png"]
    assert found.person.tolist() == [0, 0, 1, 2, 2]
    assert found.targets.shape == (5, 3)
    np.testing.assert_allclose(found.targets[0], found.targets[1], atol=2)
    drawn = [found.draw(3, np.random.default_rng(seed)) for seed in (0, 0, 1, 2)]
    one, same, *others = [vector(d) for d in drawn if d is not None]
    assert one.shape == (112, 112, 3)
    assert np.array_equal(one, same)
    assert [np.array_equal(one, other) for other in others] == [False, False]


def spoken(pack: Path, person: int, number: int) -> None:
    """Put espeak's voice in the place of a made-up sound."""
    samples = speech(DEMO_PEOPLE[person], seconds=3.0, seed=number)
    scipy.io.wavfile.write(pack / f"{person}_{number}.wav", SAMPLE_RATE_HZ, samples)


def test_speech_is_drawn_shortened_and_damaged(tmp_path: Path) -> None:
    root = write_pack(tmp_path, people=2, files=2)
    for person in range(2):
        for number in range(2):
            spoken(root, person, number)
    found = voice_lessons(Pack(root), averaging((None, 80)), Amount(), seed=1)
    assert found.person.tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(found.targets, 0, atol=1e-4)  # their mean was taken off
    drawn = [found.draw(row, np.random.default_rng(row)) for row in (0, 0, 1, 2, 3)]
    kept = [features for features in drawn if features is not None]
    assert len(kept) >= 3
    assert all(features.shape[1] == 80 for features in kept)
    assert np.array_equal(kept[0], kept[1])
    assert len({len(features) for features in kept}) > 1


def test_a_pack_whose_sound_holds_no_speech_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = Pack(write_pack(tmp_path, people=2, files=2))
    monkeypatch.setattr(lessons_module, "cut_speech", lambda samples: None)
    with pytest.raises(PackError, match="no speech"):
        voice_lessons(pack, averaging((None, 80)), Amount(), seed=1)


def test_inputs_of_a_batch_are_of_one_length_and_lose_their_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Vector, Vector]] = []

    def note(run: Run, stage: str, model: keras.Model, batches: Any, **_: object) -> None:
        seen.extend(batch for epoch in range(2) for batch in batches(epoch))

    monkeypatch.setattr(Run, "train", note)
    tower = tiny_tower()
    lessons = tiny_lessons(tower)
    tune(Run(tmp_path, {}), "tower", tower, lessons, Tuning(steps=50, size=4), seed=1)
    assert {len(inputs) for inputs, _ in seen} == {4}
    assert len(seen) == 10
    assert len({inputs.shape[1] for inputs, _ in seen}) > 2
    for inputs, truth in seen:
        np.testing.assert_allclose(inputs.mean(axis=1), 0, atol=1e-5)
        persons = lessons.means[truth[:, -1].astype(int)]
        assert ((truth[:, :-1] * persons).sum(axis=1) > 0.5).all()
