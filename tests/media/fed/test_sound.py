"""Sound is put where it belongs once, whatever its sender says about when it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_verifier.media.fed.sound import SoundLine
from stream_verifier.media.types import SAMPLE_RATE_HZ, AudioChunk, MediaGap

Items = list[AudioChunk | MediaGap]


def tone(first: int, count: int) -> bytes:
    return np.arange(first, first + count).astype("<i2").tobytes()


def push(line: SoundLine, pcm: bytes, time_s: float) -> tuple[Items, bool]:
    return line.push(pcm, time_s, arrived_s=time_s, floor_s=0.0, reason="muted")


def heard(items: Items) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.concatenate([one.samples for one in items if isinstance(one, AudioChunk)])


@pytest.mark.parametrize("jitter_s", [0.0, 0.05, -0.09])
def test_times_that_jitter_make_no_hole_and_no_overlap(jitter_s: float) -> None:
    line, items = SoundLine(rate_hz=SAMPLE_RATE_HZ), Items()
    for step in range(10):
        made, whole = push(line, tone(1600 * step, 1600), 0.1 * step + jitter_s * (step % 2))
        items += made
        assert whole
    np.testing.assert_array_equal(heard(items), np.arange(16_000))


def test_what_was_there_before_is_cut_off_and_told() -> None:
    line = SoundLine(rate_hz=SAMPLE_RATE_HZ)
    items, _ = push(line, tone(0, 16_000), 0.0)
    assert push(line, tone(0, 8_000), 0.25) == ([], False)
    more, whole = push(line, tone(8_000, 16_000), 0.5)
    assert not whole
    np.testing.assert_array_equal(heard([*items, *more]), np.arange(24_000).astype(np.int16))


def test_what_lies_before_the_call_is_cut_off() -> None:
    line = SoundLine(rate_hz=SAMPLE_RATE_HZ)
    items, whole = push(line, tone(0, 3_200), -0.1)
    assert not whole
    assert items[0].start_s == 0.0
    np.testing.assert_array_equal(heard(items), np.arange(1_600, 3_200))


def test_silence_that_was_left_out_is_silence_and_a_longer_hole_a_gap() -> None:
    line = SoundLine(rate_hz=SAMPLE_RATE_HZ)
    push(line, tone(0, 1_600), 0.0)
    filled, _ = push(line, tone(0, 1_600), 3.0)
    assert [one.kind for one in filled if isinstance(one, MediaGap)] == []
    assert filled[-1].end_s == pytest.approx(3.1)
    assert not heard(filled)[1_000:-1_600].any()
    (gap, after), _ = push(line, tone(0, 1_600), 10.0)
    assert isinstance(gap, MediaGap)
    assert (gap.start_s, gap.end_s, gap.reason) == (pytest.approx(3.1), 10.0, "muted")
    assert after.start_s == 10.0


@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 44_100, 48_000])
def test_other_rates_are_resampled(rate_hz: int) -> None:
    line, items = SoundLine(rate_hz=rate_hz), Items()
    wave = np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz) * 8000
    for step in range(10):
        part = wave[step * rate_hz // 10 : (step + 1) * rate_hz // 10]
        items += push(line, part.astype("<i2").tobytes(), step / 10)[0]
    samples = heard(items)
    assert len(samples) == pytest.approx(SAMPLE_RATE_HZ, rel=0.01)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * SAMPLE_RATE_HZ / len(samples) == pytest.approx(440, abs=2)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 20), st.integers(1, 3_200)), min_size=1, max_size=20))
def test_no_sound_is_there_twice(pieces: list[tuple[float, int]]) -> None:
    line, end_s = SoundLine(rate_hz=SAMPLE_RATE_HZ), 0.0
    for time_s, count in pieces:
        for item in push(line, tone(0, count), time_s)[0]:
            assert item.start_s >= end_s - 1e-3
            end_s = item.end_s
