"""The whole command, on towers of a few layers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from model.__main__ import main
from model.compress import command, methods, prune, towers
from model.compress.prune import Channels
from model.compress.towers import KINDS, Kind, Source
from model.convert.litert_export import to_litert_float16
from model.convert.manifest import update_part
from model.data.packs import Pack
from model.errors import CheckpointError, WeightsError
from model.runtime.litert import LiteRtModel
from model.runtime.weights import Weights
from model.siamese.lessons import face_lessons
from model.siamese.towers import as_student
from model.training import run as training_run
from model.training import state
from model.training.run import Run
from tests.support.siamese_media import write_pack

CHANNELS = Channels("a", ("a_batchnorm",), ("b",))


def tiny_tower(width: int = 24, *, seed: int = 1) -> keras.Model:
    """A tower of its own for pictures, with channels that can go."""
    keras.utils.set_random_seed(seed)
    pixels = keras.Input((112, 112, 3))
    x = layers.AveragePooling2D(8)(layers.Rescaling(1 / 128, offset=-1)(pixels))
    x = layers.Conv2D(width, 3, use_bias=False, name="a")(x)
    x = layers.ReLU()(layers.BatchNormalization(name="a_batchnorm")(x))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(64, 3, activation="relu", name="b")(x))
    x = layers.BatchNormalization(name="head")(layers.Dense(32, name="c")(x))
    return keras.Model(pixels, x, name="tiny")


def tiny_kind(part: str) -> Kind:
    return Kind(
        part=part,
        shape=(1, 112, 112, 3),
        load=lambda cache: tiny_tower(),
        slim=lambda tower, share: prune._slim(
            tower, [CHANNELS], lambda: tiny_tower(prune._kept(24, share))
        ),
        inputs=KINDS["face"].inputs,
        lessons=lambda pack, teacher, amount, seed: face_lessons(pack, teacher, amount),
    )


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("pack"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training run whose towers are tiny and its own."""
    folder = tmp_path_factory.mktemp("run")
    training, weights = Run(folder, {"system": "tiny"}), folder / "weights"
    weights.mkdir()
    tower = tiny_tower(seed=3)
    converted = to_litert_float16(tower, (1, 112, 112, 3))
    for part in ("face_tower", "voice_tower"):
        state.save(training.folder / f"{part}.npz", as_student(tower), [], optimizer=False)
        (weights / f"{part}.tflite").write_bytes(converted)
        update_part(part, f"{part}.tflite", directory=weights, fine_tuned_by="a run")
    (weights / "fusion.json").write_text("{}")
    update_part("fusion", "fusion.json", directory=weights)
    return folder


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_run, "plot", lambda stage, history: b"")
    for name in KINDS:
        monkeypatch.setitem(towers.KINDS, name, tiny_kind(f"{name}_tower"))


def vectors(path: Path, crops: Any) -> Any:
    tower = LiteRtModel(path)
    return np.stack([tower.run(crop[None])[0] for crop in crops])


@pytest.mark.usefixtures("tiny")
@pytest.mark.slow
def test_makes_folders_of_weights_and_keeps_what_is_made(
    pack: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["compress", "--pack", str(pack), "--run", str(run), "--out", str(tmp_path)]
    arguments += ["--quick", "--methods", "full-int8", "--pair", "full-int8+pruned-30"]
    assert main(arguments) == 0
    found = {path.parent.name: Weights.load(path.parent) for path in tmp_path.glob("*/manifest*")}
    wanted = {"float16", "face-full-int8", "voice-full-int8", "full-int8+pruned-30"}
    assert set(found) == wanted
    assert len({weights.model_id for weights in found.values()}) == len(found)
    served = Weights.load(run / "weights")
    both = found["full-int8+pruned-30"]
    assert both.path("fusion").read_text() == "{}"
    assert both.manifest["parts"]["face_tower"]["compressed_by"] == "full-int8"
    crops = KINDS["face"].inputs(Pack(pack), 6, np.random.default_rng(0))
    kept = vectors(found["float16"].path("face_tower"), crops)
    np.testing.assert_array_equal(kept, vectors(served.path("face_tower"), crops))
    for part, nearness in (("face_tower", 0.99), ("voice_tower", 0.7)):
        own, whole = (vectors(weights.path(part), crops) for weights in (both, served))
        cosines = (own * whole).sum(1) / np.linalg.norm(own, axis=1) / np.linalg.norm(whole, axis=1)
        assert cosines.min() > nearness
        assert not np.array_equal(own, whole)
    monkeypatch.setattr(methods, "METHODS", {})  # nothing is made anew
    assert main(arguments) == 0
    with pytest.raises(CheckpointError, match="another configuration"):
        command.main([*arguments[1:], "--seed", "2"])


def test_towers_of_a_run_come_with_its_weights(tiny: None, run: Path, tmp_path: Path) -> None:
    tower = Source(run, tmp_path).tower(towers.KINDS["voice"])
    np.testing.assert_array_equal(
        tower.get_layer("b").kernel, tiny_tower(seed=3).get_layer("b").kernel
    )


def test_fine_tuned_weights_need_their_run(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model.runtime.weights.WEIGHTS_DIR", run / "weights")
    with pytest.raises(WeightsError, match="--run"):
        Source(None, tmp_path)


def test_a_run_without_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no trained weights"):
        Source(tmp_path / "run", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["--methods", "int4"], "full-int8"), (["--pair", "full-int8"], "FACE\\+VOICE")],
)
def test_says_which_methods_there_are(
    arguments: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compress", "--pack", str(tmp_path), *arguments]) == 1
    assert re.search(complaint, capsys.readouterr().err)


def test_without_tensorflow_it_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("model.training.extras.find_spec", lambda name: None)
    assert main(["compress", "--pack", str(tmp_path)]) == 1
    assert "stream-verifier[train]" in capsys.readouterr().err


def test_the_command_knows_all_methods() -> None:
    assert tuple(methods.METHODS) == command.METHODS


def test_voice_inputs_are_features_of_speech(pack: Path) -> None:
    talk = KINDS["voice"].inputs(Pack(pack), 3, np.random.default_rng(0))
    for fbank in talk:
        assert fbank.shape[1] == 80
        np.testing.assert_allclose(fbank.mean(axis=0), 0, atol=1e-3)
