"""The network of lips as it is shipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.data.media import read_voice
from model.errors import ModelError
from model.lips.clips import follow, listed, read_pictures
from model.lips.parts import NAMES
from model.runtime.detect import FaceDetector
from model.runtime.lips import Agreement, LipNetwork, load_calibration
from model.runtime.talking import TalkingHead
from model.runtime.weights import Weights


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights.load()


@pytest.fixture(scope="module")
def network(weights: Weights) -> LipNetwork:
    return LipNetwork(weights)


def test_all_parts_are_shipped_and_say_who_taught_them(weights: Weights) -> None:
    for part in NAMES:
        assert "face mesh" in weights.manifest["parts"][part]["taught_by"]
    calibration = load_calibration(weights)
    assert calibration.clear > 1
    assert 0 < calibration.noise < 2
    assert 1 <= calibration.spread < 2


def test_any_length_can_be_read_and_light_does_not_count(network: LipNetwork) -> None:
    rng = np.random.default_rng(1)
    mouths = rng.integers(60, 120, (3, 56, 56)).astype(np.uint8)
    features = network.features(mouths)
    assert features.shape == (3, 118)
    brighter = network.features((mouths * 2).astype(np.uint8))
    assert np.abs(brighter - features).mean() < 0.1 * features.std()
    for steps in (1, 25, 75):
        assert network.picture(np.resize(features, (steps, 118))).shape == (steps, 64)
        assert network.sound(np.zeros((4 * steps, 80), np.float32)).shape == (steps, 64)
    assert network.features(mouths[:0]).shape == (0, 118)


def test_what_it_cannot_read_is_refused(network: LipNetwork) -> None:
    with pytest.raises(ModelError, match=r"uint8 \(n, 56, 56\)"):
        network.features(np.zeros((1, 48, 48), np.uint8))
    with pytest.raises(ModelError, match=r"\(steps, 118\)"):
        network.picture(np.zeros((0, 118), np.float32))
    with pytest.raises(ModelError, match=r"\(4 steps, 80\)"):
        network.sound(np.zeros((9, 80), np.float32))


def test_lips_say_their_own_words_and_not_others(
    weights: Weights, network: LipNetwork, data_dir: Path
) -> None:
    root = data_dir / "dev"
    if not (root / "talking.csv").is_file():
        pytest.skip(f"no talking clips at {root}")
    clips = [clip for clip in listed(root) if clip.source == "lrwar"][::40]
    detector = FaceDetector(weights.path("face_detector"))
    shown = [read_pictures(clip.path) for clip in clips]
    faces = [follow(pictures, detector) for _, pictures in shown]
    heard = [(read_voice(clip.path).clip(-1, 1) * 32767).astype(np.int16) for clip in clips]
    calibration = load_calibration(weights)

    def llr(shift: int) -> float:
        """Of all clips together, each with the sound of that many clips on."""
        total = Agreement.nothing()
        for number, ((times_s, pictures), found) in enumerate(zip(shown, faces, strict=True)):
            head = TalkingHead(network)
            head.hear(0.0, heard[(number + shift) % len(heard)])
            for time_s, picture, face in zip(times_s, pictures, found, strict=True):
                if face is not None:
                    head.see(float(time_s), picture, face)
            total += head.agreement(last=True)
        return calibration.llr(total)

    assert llr(0) > 6
    others = [llr(shift) for shift in (1, 2, 3)]
    assert np.mean(others) < -1
    assert max(others) < 3  # words at the same beat may look right for a while
