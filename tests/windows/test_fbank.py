from __future__ import annotations

from pathlib import Path

import kaldi_native_fbank
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.data.media import read_voice
from model.runtime.fbank import FRAME, HOP, FbankStream, fbank
from tests.support.window_media import Samples, noise

# Both compute in float32; where a band holds next to nothing beside its neighbours, rounding
# in the transform alone moves its logarithm by some thousandths.
WORST, TYPICAL = 5e-3, 3e-5


def reference(samples: Samples) -> np.ndarray:
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0
    options.mel_opts.num_bins = 80
    online = kaldi_native_fbank.OnlineFbank(options)
    online.accept_waveform(16_000, (samples / 32768).astype(np.float32).tolist())
    online.input_finished()
    rows = [online.get_frame(i) for i in range(online.num_frames_ready)]
    return np.array(rows, np.float32).reshape(-1, 80)


def assert_same_features(samples: Samples) -> None:
    ours, theirs = fbank(samples), reference(samples)
    assert ours.dtype == np.float32
    assert ours.shape == theirs.shape
    apart = np.abs(ours - theirs)
    assert apart.max(initial=0) < WORST
    assert apart.mean() < TYPICAL if apart.size else True


def test_speech_gives_what_kaldi_gives(talk: Samples, other_talk: Samples) -> None:
    assert_same_features(talk)
    assert_same_features(other_talk)


@pytest.mark.parametrize("dbfs", [-90, -60, -30, 0])
def test_noise_gives_what_kaldi_gives_at_any_level(dbfs: float) -> None:
    assert_same_features(noise(2.0, dbfs))


def test_silence_and_direct_current_lie_on_the_floor() -> None:
    floor = np.log(np.finfo(np.float32).eps)
    assert np.all(fbank(np.zeros(1600, np.int16)) == np.float32(floor))
    assert_same_features(np.full(1600, 30_000, np.int16))


@pytest.mark.parametrize(
    ("count", "frames"), [(0, 0), (FRAME - 1, 0), (FRAME, 1), (FRAME + HOP - 1, 1), (560, 2)]
)
def test_only_whole_frames_count(count: int, frames: int) -> None:
    assert fbank(np.ones(count, np.int16)).shape == (frames, 80)


@settings(deadline=None, max_examples=40)
@given(
    sizes=st.lists(st.integers(0, 2000), min_size=1, max_size=12).filter(any),
    seed=st.integers(0, 2**32 - 1),
)
def test_chunks_change_nothing(sizes: list[int], seed: int) -> None:
    samples = noise(0.7, -25, exponent=1.0, seed=seed)
    stream = FbankStream()
    pieces: list[NDArray[np.float32]] = []
    at = 0
    while at < len(samples):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(stream.push(samples[at : at + size]))
        at += size
    whole = fbank(samples)
    streamed = np.concatenate(pieces)
    assert streamed.shape == whole.shape
    assert np.abs(streamed - whole).max() < 1e-4


def test_real_speech_gives_what_kaldi_gives(data_dir: Path) -> None:
    files = sorted((data_dir / "dev" / "voice16k").glob("*/*/*.flac"))[::200]
    assert files
    for file in files:
        assert_same_features((read_voice(file) * 32768).astype(np.int16))
