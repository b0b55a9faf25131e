from __future__ import annotations

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from stream_verifier.media.audio import AudioNormaliser
from stream_verifier.media.types import AudioChunk, MediaGap
from tests.support.media import sweep

_RATE = 48_000
_BLOCK = 960


def _frame(samples: NDArray[np.int16], rate_hz: int = _RATE, layout: str = "mono") -> av.AudioFrame:
    channels = 2 if layout == "stereo" else 1
    packed = np.repeat(samples, channels).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
    frame.sample_rate = rate_hz
    return frame


def _run(blocks: list[int], signal: NDArray[np.int16]) -> list[AudioChunk | MediaGap]:
    """Push the 20 ms blocks of these numbers, the others being lost."""
    audio = AudioNormaliser()
    items = []
    for block in blocks:
        part = signal[block * _BLOCK : (block + 1) * _BLOCK]
        items += audio.push(_frame(part, layout="stereo"), block * 0.02, reason="muted")
    return items + audio.flush()


def _chunks(items: list[AudioChunk | MediaGap]) -> list[AudioChunk]:
    return [item for item in items if isinstance(item, AudioChunk)]


def _assert_contiguous(chunks: list[AudioChunk]) -> None:
    for before, after in zip(chunks, chunks[1:], strict=False):
        assert after.start_s == pytest.approx(before.end_s, abs=1e-9)


def _direct(signal: NDArray[np.int16]) -> NDArray[np.int16]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
    parts = [*resampler.resample(_frame(signal)), *resampler.resample(None)]
    return np.concatenate([part.to_ndarray().reshape(-1) for part in parts])


def test_contiguous_frames_equal_resampling_the_whole_at_once() -> None:
    signal = sweep(2.0)
    chunks = _chunks(_run(list(range(100)), signal))
    _assert_contiguous(chunks)
    joined = np.concatenate([chunk.samples for chunk in chunks])
    assert joined.dtype == np.int16
    assert len(joined) == 32_000
    assert np.abs(joined.astype(int) - _direct(signal)).max() <= 2


def test_lost_packets_are_filled_and_later_sound_keeps_its_place() -> None:
    signal = sweep(2.0)
    blocks = [b for b in range(100) if b not in (20, 50, 51, 52)]
    items = _run(blocks, signal)
    chunks = _chunks(items)
    assert len(chunks) == len(items)
    _assert_contiguous(chunks)
    joined = np.concatenate([chunk.samples for chunk in chunks]).astype(int)
    whole = _direct(signal).astype(int)
    assert len(joined) == len(whole)
    good = slice(54 * 320, 100 * 320 - 320)
    assert np.corrcoef(joined[good], whole[good])[0, 1] > 0.999
    assert np.abs(joined[50 * 320 + 400 : 53 * 320 - 40]).max() == 0


def test_a_long_hole_becomes_a_gap_and_a_new_timeline() -> None:
    items = _run([*range(10), *range(60, 70)], sweep(2.0))
    gaps = [item for item in items if isinstance(item, MediaGap)]
    assert gaps == [MediaGap("audio", pytest.approx(0.2), pytest.approx(1.2), "muted")]  # type: ignore[arg-type]
    after = _chunks(items[items.index(gaps[0]) :])
    assert after[0].start_s == pytest.approx(1.2)
    assert sum(len(chunk.samples) for chunk in after) == 3_200


def test_frames_from_the_past_are_dropped() -> None:
    chunks = _chunks(_run([0, 1, 2, 1, 0, 3], sweep(0.5)))
    _assert_contiguous(chunks)
    assert sum(len(chunk.samples) for chunk in chunks) == 4 * 320


def test_times_rounded_by_a_container_make_no_holes() -> None:
    audio, signal = AudioNormaliser(), sweep(1.0)
    rng = np.random.default_rng(1)
    items = []
    for block in range(50):
        time_s = block * 0.02 + rng.uniform(-0.0005, 0.0005)
        items += audio.push(_frame(signal[block * _BLOCK : (block + 1) * _BLOCK]), time_s)
    items += audio.flush()
    joined = np.concatenate([chunk.samples for chunk in _chunks(items)])
    assert np.abs(joined.astype(int) - _direct(signal)).max() <= 2


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100])
def test_any_rate_comes_out_at_16_khz(rate_hz: int) -> None:
    audio = AudioNormaliser()
    items = audio.push(_frame(sweep(1.0, rate_hz), rate_hz), 3.0) + audio.flush()
    assert items[0].start_s == 3.0
    assert sum(len(c.samples) for c in _chunks(items)) == pytest.approx(16_000, abs=20)


def test_a_change_of_rate_in_mid_stream_keeps_the_timeline() -> None:
    audio = AudioNormaliser()
    items = audio.push(_frame(sweep(0.1)), 0.0)
    items += audio.push(_frame(sweep(0.1, 16_000), 16_000), 0.1)
    items += audio.flush()
    _assert_contiguous(_chunks(items))
    assert sum(len(c.samples) for c in _chunks(items)) == pytest.approx(3_200, abs=5)


def test_the_arrival_time_is_handed_on() -> None:
    items = AudioNormaliser().push(_frame(sweep(0.1)), 0.0, arrived_s=12.5)
    assert items
    assert all(isinstance(i, AudioChunk) and i.arrived_s == 12.5 for i in items)
