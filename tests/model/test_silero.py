from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.convert.silero import convert_silero
from model.convert.sources import SILERO
from model.errors import WeightsError
from model.runtime.silero import SileroWeights, SpeechNetwork
from model.runtime.weights import Weights

PUBLISHED = np.load(Path(__file__).with_name("silero_reference.npz"))
PCM = PUBLISHED["pcm"][: len(PUBLISHED["pcm"]) // 15_360 * 15_360]
"""Speech, as many samples of it as both 480 and 512 divide."""


def test_it_says_what_the_published_network_says() -> None:
    said = SpeechNetwork(step=512).push(PCM)
    np.testing.assert_allclose(said, PUBLISHED["probability"][: len(said)], atol=1e-4)
    assert said.min() < 0.1
    assert said.max() > 0.9


def test_shorter_steps_say_the_same_of_the_same_moments() -> None:
    ends_s = np.arange(1, len(PCM) // 480 + 1) * 0.03
    published = PUBLISHED["probability"][np.minimum(ends_s / 0.032, len(PCM) / 512 - 1).astype(int)]
    said = SpeechNetwork(step=480).push(PCM)
    assert np.mean((said > 0.5) == (published > 0.5)) > 0.9


def test_pieces_change_nothing() -> None:
    whole = SpeechNetwork(step=480).push(PCM)
    network = SpeechNetwork(step=480)
    pieces = [network.push(PCM[start : start + 960]) for start in range(0, len(PCM), 960)]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-5)
    assert network.push(PCM[:0]).shape == (0,)


def test_reset_forgets() -> None:
    network = SpeechNetwork(step=480)
    first = network.push(PCM)
    assert not np.allclose(network.push(PCM), first, atol=1e-3)
    network.reset()
    np.testing.assert_array_equal(network.push(PCM), first)


def test_streams_share_weights_but_no_memory() -> None:
    one, other = SpeechNetwork(step=480), SpeechNetwork(step=480)
    first = one.push(PCM)
    np.testing.assert_array_equal(other.push(PCM), first)


def test_a_broken_file_says_what_to_do(tmp_path: Path) -> None:
    broken = tmp_path / "silero.npz"
    broken.write_bytes(b"no archive")
    with pytest.raises(WeightsError, match="no speech network: reinstall"):
        SileroWeights.load(broken)
    np.savez(broken, other=np.zeros(1))
    with pytest.raises(WeightsError, match="no speech network: reinstall"):
        SileroWeights.load(broken)


def test_a_file_that_is_not_the_pinned_one_is_not_converted(tmp_path: Path) -> None:
    cached = tmp_path / f"{SILERO.package}-{SILERO.version}" / Path(SILERO.file).name
    cached.parent.mkdir()
    cached.write_bytes(b"something else")
    with pytest.raises(WeightsError, match="nothing was converted"):
        convert_silero(tmp_path)


def test_the_manifest_names_it() -> None:
    part = Weights.load().manifest["parts"]["speech_detector"]
    assert part["licence"] == "MIT"
    assert part["source"]["sha256"] == SILERO.sha256
