from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import ArrayLike

from model.convert.manifest import update_part
from model.errors import CheckpointError, WeightsError
from model.runtime.comparator import (
    CALIBRATION_PART,
    FACE_QUALITIES,
    NETWORK_PART,
    VOICE_QUALITIES,
    Calibration,
    CalibrationSet,
    FusedNetwork,
    face_quality_vector,
    load_comparator,
    network_input,
    voice_quality_vector,
)
from model.runtime.litert import LiteRtModel
from model.runtime.reference import make_reference
from model.runtime.weights import Weights
from model.siamese import export_command
from model.siamese.artifacts import joined_inputs, write_fusion
from model.siamese.export import INT8, Precision, write_tower
from model.siamese.train import train
from model.training.command import TrainOptions
from model.training.run import Run
from model.types import FaceSample, Reference, VoiceSample
from tests.support.siamese_media import (
    SETTINGS,
    PatternEmbedder,
    exported_network,
    portrait,
    random_inputs,
    sound,
    trained_network,
    vector,
)

TOWERS = ("face_detector", "face_tower", "voice_tower")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run as far as exporting looks at it."""
    folder = tmp_path_factory.mktemp("run")
    fill(folder / "weights")
    return folder


def fill(weights: Path, *, network: bool = True) -> None:
    weights.mkdir(parents=True)
    for part in TOWERS:
        (weights / f"{part}.bin").write_text(part)
        update_part(part, f"{part}.bin", directory=weights)
    if network:
        write_fusion(weights, exported_network(), SETTINGS)


@pytest.fixture(scope="module")
def comparator(run: Path) -> FusedNetwork:
    return load_comparator(Weights.load(run / "weights"))


@pytest.fixture(scope="module")
def samples() -> tuple[Reference, FaceSample, VoiceSample]:
    rng = np.random.default_rng(0)
    embedder = PatternEmbedder()
    faces = [embedder.face(portrait(1, rng)) for _ in range(3)]
    voices = [voice for _ in range(3) if (voice := embedder.voice(sound(1, rng)))]
    return make_reference("space", faces[:2], voices[:2]), faces[2], voices[2]


def test_the_exported_network_gives_what_keras_gives(run: Path) -> None:
    inputs = random_inputs(60)
    rng = np.random.default_rng(1)
    for index in (2, 5):
        inputs[index][rng.random(inputs[index].shape) < 0.3] = np.nan
    inputs[-1] = vector(rng.permutation([[1, 1], [1, 0], [0, 1]] * 20))
    exported = LiteRtModel(run / "weights" / "fusion.tflite")
    found = np.concatenate([exported.run(row[None]) for row in joined_inputs(inputs)])
    expected = np.asarray(trained_network()(inputs, training=False))
    assert np.isfinite(expected).all()
    assert expected.std(axis=0).min() > 1
    np.testing.assert_allclose(found, expected, atol=1e-4)


def dense(seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(5, "tanh")], name="dense")


def test_a_tower_is_exported_only_when_it_still_does_the_same(tmp_path: Path) -> None:
    path, other = tmp_path / "dense.tflite", tmp_path / "other.tflite"
    samples = list(vector(np.random.default_rng(0).standard_normal((3, 6))))
    write_tower(path, dense(1), (1, 6), samples)
    assert LiteRtModel(path).run(samples[0][None]).shape == (1, 5)
    write_tower(other, dense(2), (1, 6), samples, INT8)
    assert LiteRtModel(other).run(samples[0][None]).shape == (1, 5)
    other.unlink()
    wrong = Precision(lambda *_: path.read_bytes(), 0.9)
    with pytest.raises(WeightsError, match="dense came out of the export changed"):
        write_tower(other, dense(2), (1, 6), samples, wrong)
    assert [file.name for file in tmp_path.iterdir()] == ["dense.tflite"]


def test_what_is_asked_in_serving_is_what_was_trained(
    comparator: FusedNetwork, samples: tuple[Reference, FaceSample, VoiceSample]
) -> None:
    reference, face, voice = samples
    inputs: list[ArrayLike] = [
        face.vector,
        reference.face,
        face_quality_vector(face),
        voice.vector,
        reference.voice,
        voice_quality_vector(voice),
        np.ones(2),
    ]
    expected = np.asarray(trained_network()([vector(a)[None] for a in inputs]))[0]
    found = comparator.scores(reference, face, voice)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_each_output_has_its_own_calibration(
    samples: tuple[Reference, FaceSample, VoiceSample], run: Path
) -> None:
    network = LiteRtModel(run / "weights" / "fusion.tflite")
    settings = replace(
        SETTINGS,
        face=Calibration(2.0, 1.0, 90.0),
        voice=Calibration(0.5, -1.0, 90.0),
        fused=Calibration(3.0, 0.0, 90.0),
    )
    shifted = FusedNetwork(network, settings)
    face, voice, fused = shifted.scores(*samples)
    found = shifted.compare(*samples)
    assert found.llr_face == pytest.approx(2 * face + 1)
    assert found.llr_voice == pytest.approx(0.5 * voice - 1)
    assert found.llr_fused == pytest.approx(3 * fused)
    assert found.face_cosine is not None
    assert 0.9 < found.face_cosine <= 1


@pytest.mark.parametrize("missing", ["face", "voice"])
def test_without_one_modality_the_other_speaks_alone(
    comparator: FusedNetwork, samples: tuple[Reference, FaceSample, VoiceSample], missing: str
) -> None:
    reference, face, voice = samples
    whole = comparator.compare(reference, face, voice)
    if missing == "face":
        found = comparator.compare(reference, None, voice)
        assert (found.llr_face, found.face_cosine) == (None, None)
        assert found.llr_fused == found.llr_voice == whole.llr_voice
    else:
        found = comparator.compare(reference, face, None)
        assert (found.llr_voice, found.voice_cosine) == (None, None)
        assert found.llr_fused == found.llr_face == whole.llr_face


def test_without_both_nothing_is_said(
    comparator: FusedNetwork, samples: tuple[Reference, FaceSample, VoiceSample]
) -> None:
    found = comparator.compare(samples[0], None, None)
    assert {found.llr_face, found.llr_voice, found.llr_fused} == {None}


def test_qualities_are_in_the_order_of_their_names(
    samples: tuple[Reference, FaceSample, VoiceSample],
) -> None:
    reference, face, voice = samples
    seen = dict(zip(FACE_QUALITIES, face_quality_vector(face).tolist(), strict=True))
    assert np.isnan(seen["log_size"])
    assert seen["log_norm"] == pytest.approx(np.log(np.linalg.norm(face.vector)), rel=1e-5)
    assert (seen["yaw"], seen["pitch"]) == pytest.approx((0.1, 0.1))
    assert seen["brightness"] == pytest.approx(face.quality.brightness)
    turned = replace(face, quality=replace(face.quality, yaw=-0.1, size_px=100.0))
    assert face_quality_vector(turned)[3] == face_quality_vector(face)[3]
    assert face_quality_vector(turned)[1] == pytest.approx(np.log(100))
    heard = dict(zip(VOICE_QUALITIES, voice_quality_vector(voice).tolist(), strict=True))
    assert (heard["log_speech_s"], heard["snr_db"]) == pytest.approx((np.log(3), 20))
    assert network_input(reference, None, None).shape == network_input(*samples).shape


def test_a_calibration_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "fusion.json"
    path.write_text(SETTINGS.text())
    assert CalibrationSet.read(path) == SETTINGS


def test_a_garbled_calibration_is_told_by_name(tmp_path: Path) -> None:
    path = tmp_path / "fusion.json"
    whole = json.loads(SETTINGS.text())
    garbled = [SETTINGS.text()[:-20], "[]", "", "5", json.dumps(whole | {"format": 1})]
    garbled += [json.dumps({k: v for k, v in whole.items() if k != gone}) for gone in whole]
    garbled += [json.dumps(whole | {"face": wrong}) for wrong in ({}, 3, {"scale": "much"})]
    for text in garbled:
        path.write_text(text)
        with pytest.raises(WeightsError, match=r"fusion\.json"):
            CalibrationSet.read(path)
    path.unlink()
    with pytest.raises(WeightsError, match=r"fusion\.json"):
        CalibrationSet.read(path)


def test_export_puts_a_finished_run_where_serving_looks(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "weights"
    assert export_command.main(["--run", str(run), "--out", str(out)]) == 0
    there = Weights.load(out)
    assert load_comparator(there).name == SETTINGS.name
    for part in (*TOWERS, NETWORK_PART, CALIBRATION_PART):
        assert (
            there.path(part).read_bytes() == Weights.load(run / "weights").path(part).read_bytes()
        )
    said = capsys.readouterr().out
    assert there.model_id in said
    assert "enrol again" in said


def test_an_unfinished_run_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    fill(tmp_path / "run" / "weights", network=False)
    with pytest.raises(WeightsError, match=r"fusion_network, fusion_calibration .*goes on"):
        export_command.main(["--run", str(tmp_path / "run"), "--out", str(out)])
    assert not out.exists()


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no trained weights.*python -m model train"):
        export_command.main(["--run", str(tmp_path / "nowhere"), "--out", str(tmp_path)])


def test_a_changed_weights_file_is_not_exported(tmp_path: Path) -> None:
    fill(tmp_path / "run" / "weights", network=False)
    (tmp_path / "run" / "weights" / "face_tower.bin").write_text("changed")
    with pytest.raises(WeightsError, match=r"face_tower\.bin"):
        export_command.main(["--run", str(tmp_path / "run"), "--out", str(tmp_path / "out")])


def test_a_run_of_another_configuration_is_not_gone_on_with(tmp_path: Path) -> None:
    for name in ("faces.csv", "voices.csv"):
        (tmp_path / name).write_text("source,identity,file,seconds,flag\n")
    Run(tmp_path / "run", {"system": "default", "seed": 1})
    with pytest.raises(CheckpointError, match="another configuration.*seed: 1 there, 2 asked"):
        train(TrainOptions(pack=tmp_path, run=tmp_path / "run", seed=2, quick=True))
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["config.json"]
