from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from model.convert.torch_reference import made_up_fbank
from model.errors import ModelError
from model.runtime.voice import MIN_FRAMES, VoiceTower
from model.runtime.weights import Weights
from stream_verifier.demo.people import DEMO_PEOPLE
from tests.support.tower_media import Frames, cosine, spoken_features

PUBLISHED = Path(__file__).with_name("campplus_reference.npz")


@pytest.fixture(scope="module")
def tower() -> VoiceTower:
    return VoiceTower(Weights.load())


def test_fine_tuning_left_the_space_where_it_was_at_every_length(tower: VoiceTower) -> None:
    """The file holds what the authors' PyTorch code gives for the same made-up input.

    Such input is no speech; what is asked is that no length falls out of the published space.
    """
    published = np.load(PUBLISHED)
    assert len(published["frames"]) >= 5
    for frames, vector in zip(published["frames"], published["vectors"], strict=True):
        ours = tower.embed(made_up_fbank(int(frames)))
        assert cosine(ours, vector) >= 0.7, f"{frames} frames"


def test_tells_two_voices_apart(tower: VoiceTower) -> None:
    first, second = (
        [tower.embed(spoken_features(person, 4.0, seed=seed)) for seed in (1, 2)]
        for person in DEMO_PEOPLE
    )
    same = [cosine(*first), cosine(*second)]
    different = [cosine(a, b) for a in first for b in second]
    assert min(same) > 0.6
    assert max(different) < 0.5


def test_no_length_leaves_a_trace_in_the_next(tower: VoiceTower) -> None:
    long, short = made_up_fbank(298), made_up_fbank(MIN_FRAMES)
    before = tower.embed(short)
    tower.embed(long)
    np.testing.assert_allclose(tower.embed(short), before, atol=1e-6)
    assert tower.embed(made_up_fbank(2500)).shape == (192,)


def test_threads_take_turns(tower: VoiceTower) -> None:
    inputs = [made_up_fbank(frames) for frames in (60, 90, 60, 120, 90, 60)]
    expected = [tower.embed(fbank) for fbank in inputs]
    with ThreadPoolExecutor(3) as pool:
        for got, wanted in zip(pool.map(tower.embed, inputs), expected, strict=True):
            np.testing.assert_allclose(got, wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("fbank", "message"),
    [
        (np.zeros((100, 80), np.float64), "float32"),
        (np.zeros((80, 100), np.float32), r"\(frames, 80\)"),
        (np.zeros((1, 100, 80), np.float32), r"\(frames, 80\)"),
        (np.zeros((MIN_FRAMES - 1, 80), np.float32), "too few"),
    ],
)
def test_refuses_what_is_no_speech(tower: VoiceTower, fbank: Frames, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        tower.embed(fbank)
