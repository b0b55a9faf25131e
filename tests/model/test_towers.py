from __future__ import annotations

import os
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model.convert.sources import CAMPPLUS, fetch
from model.convert.torch_file import read_state_dict
from model.convert.torch_reference import made_up_fbank
from model.data.media import crop_face, read_picture, read_voice
from model.data.packs import Pack
from model.errors import WeightsError
from model.parity import KERAS_TARGET, LITERT_TARGET, Agreement, load_onnx_sface
from model.runtime.face import FaceTower
from model.runtime.litert import LiteRtModel
from model.runtime.speech import cut_speech
from model.runtime.voice import VoiceTower
from model.runtime.weights import Weights
from stream_verifier.demo.people import DEMO_PEOPLE
from tests.support.tower_media import CACHE, aligned_faces, cosine

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras")
pytestmark = pytest.mark.slow


def _loaded(loader: str) -> Any:
    from model.convert import load

    try:
        return getattr(load, loader)(CACHE)
    except WeightsError as error:
        pytest.skip(f"needs the published file: {error}")


@pytest.fixture(scope="module")
def sface() -> Any:
    return _loaded("load_sface")


@pytest.fixture(scope="module")
def campplus() -> Any:
    return _loaded("load_campplus")


@cache
def traced(model: Any) -> Any:
    """The model as one graph for inputs of any length: layer by layer it takes a second a call."""
    import tensorflow as tf

    signature = [tf.TensorSpec(model.input_shape, tf.float32)]
    return tf.function(partial(model, training=False), input_signature=signature)


def run(model: Any, sample: NDArray[np.float32]) -> Any:
    return np.asarray(traced(model)(sample[None]))[0]


def test_sface_is_the_published_graph(sface: Any) -> None:
    pytest.importorskip("onnxruntime")
    published = load_onnx_sface(CACHE)
    for person in DEMO_PEOPLE:
        for crop in aligned_faces(person, 2):
            expected = published(crop)
            ours = run(sface, crop.astype(np.float32))
            np.testing.assert_allclose(ours, expected, atol=1e-3)
            assert cosine(ours, expected) >= KERAS_TARGET


def test_campplus_is_the_published_graph(campplus: Any) -> None:
    """The file holds what the authors' PyTorch code gives for the same made-up input."""
    published = np.load(Path(__file__).with_name("campplus_reference.npz"))
    for frames, expected in zip(published["frames"], published["vectors"], strict=True):
        ours = run(campplus, made_up_fbank(int(frames)))
        np.testing.assert_allclose(ours, expected, atol=1e-3)
        assert cosine(ours, expected) >= KERAS_TARGET, f"{frames} frames"


@pytest.mark.slow
def test_litert_follows_keras_at_every_length(tmp_path: Path) -> None:
    from model.convert.litert_export import to_litert_float16
    from model.towers.campplus import build_campplus

    keras.utils.set_random_seed(3)
    tower = build_campplus(blocks=((1, 1), (1, 2)), bottleneck=16, inner=4)
    path = tmp_path / "slim.tflite"
    path.write_bytes(to_litert_float16(tower, (1, None, 80)))
    exported = LiteRtModel(path)
    for frames in (48, 99, 100, 101, 298):
        features = made_up_fbank(frames)
        assert cosine(exported.run(features[None])[0], run(tower, features)) >= LITERT_TARGET


def test_fine_tuning_left_clear_faces_where_they_were(data_dir: Path) -> None:
    pytest.importorskip("onnxruntime")
    published, tower = load_onnx_sface(CACHE), FaceTower(Weights.load())
    faces = Pack(data_dir / "dev").faces
    crops = [crop_face(read_picture(face.path)) for face in faces[:: len(faces) // 12]]
    assert np.median([cosine(tower.embed(c[None])[0], published(c)) for c in crops]) >= 0.9


def test_fine_tuning_left_clear_voices_where_they_were(campplus: Any, data_dir: Path) -> None:
    tower = VoiceTower(Weights.load())
    voices = [voice for voice in Pack(data_dir / "dev").voices if voice.seconds > 2]
    cuts = [cut_speech(read_voice(voice.path)) for voice in voices[:: len(voices) // 12]]
    near = [cosine(tower.embed(c.fbank), run(campplus, c.fbank)) for c in cuts if c]
    assert len(near) >= 10
    assert np.median(near) >= 0.9


def test_the_towers_are_as_large_as_published(sface: Any, campplus: Any) -> None:
    assert sface.output_shape == (None, 128)
    assert campplus.output_shape == (None, 192)
    assert sface.count_params() == pytest.approx(9.7e6, rel=0.01)
    # 6.85 million weights, and the running statistics of the batch norms.
    assert campplus.count_params() == pytest.approx(6.93e6, rel=0.01)


def test_a_batch_of_utterances_gives_what_each_gives(campplus: Any) -> None:
    batch = np.stack([made_up_fbank(230), made_up_fbank(260)[:230]])
    together = np.asarray(traced(campplus)(batch))
    for row, features in zip(together, batch, strict=True):
        np.testing.assert_allclose(row, run(campplus, features), atol=1e-4)


def test_the_dilated_convolution_is_the_usual_one_and_can_be_trained() -> None:
    import tensorflow as tf

    from model.towers.campplus import DilatedConv1D, to_be_trained

    usual = keras.layers.Conv1D(4, 3, padding="same", dilation_rate=2, activation="relu")
    ours = DilatedConv1D(4, 3, padding="same", dilation_rate=2, activation="relu")
    x = tf.constant(np.random.default_rng(2).normal(size=(2, 31, 8)).astype(np.float32))
    tower = keras.Sequential([keras.Input((None, 8)), ours])
    usual.build(x.shape)
    for layer in (usual, ours):
        layer.set_weights([usual.get_weights()[0], np.arange(4.0)])
    np.testing.assert_allclose(ours(x), usual(x), atol=1e-5)

    @tf.function  # type: ignore[untyped-decorator]
    def gradients(layer: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x) ** 2)
        return tape.gradient(loss, [x, *layer.trainable_variables])

    with to_be_trained(tower):
        assert ours.shifted
        for one, other in zip(gradients(tower), gradients(usual), strict=True):
            assert float(tf.reduce_sum(tf.abs(one))) > 0
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
    assert not ours.shifted


def test_a_tensor_that_is_missing_or_left_over_is_named(sface: Any, campplus: Any) -> None:
    from model.convert.assign import assign_campplus, assign_sface

    with pytest.raises(WeightsError, match="no tensor conv_1_conv2d_weight_reshaped"):
        assign_sface(sface, {})
    wrong = {"conv_1_conv2d_weight_reshaped": np.zeros((32, 1, 3, 3), np.float32)}
    with pytest.raises(WeightsError, match="layer conv_1_conv2d wants"):
        assign_sface(sface, wrong)
    with pytest.raises(WeightsError, match=r"no tensor head\.conv1\.weight"):
        assign_campplus(campplus, {})
    tensors = {**read_state_dict(fetch(CAMPPLUS, CACHE)), "head.extra": np.zeros(1, np.float32)}
    with pytest.raises(WeightsError, match=r"without a place in the voice tower: head\.extra"):
        assign_campplus(campplus, tensors)


def test_the_worst_sample_decides() -> None:
    assert Agreement("t", (1.0, 0.9995), LITERT_TARGET).reached
    missed = Agreement("t", (1.0, 0.9985), LITERT_TARGET)
    assert not missed.reached
    assert "| 2 | 0.9985000 | 0.9992500 | 0.999 | NO |" in missed.row()
