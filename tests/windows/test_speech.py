from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.data.media import read_voice
from model.runtime.fbank import fbank
from model.runtime.speech import NO_PAUSE_SNR_DB
from stream_verifier.errors import SettingsError
from stream_verifier.media.types import AudioChunk
from stream_verifier.windows.speech import SpeechWindower
from stream_verifier.windows.types import SpeechWindow
from tests.support.window_media import Samples, chunked, noise, silence

RATE = 16_000


def windows_of(
    samples: Samples, sizes: tuple[int, ...] = (320,), **more: Any
) -> tuple[SpeechWindower, list[SpeechWindow]]:
    windower = SpeechWindower(**more)
    windows = [w for chunk in chunked(samples, sizes) for w in windower.push(chunk)]
    return windower, windows


def test_the_first_window_is_short_and_they_grow(talk: Samples) -> None:
    _, windows = windows_of(talk, first_s=1.5, window_s=3.0, hop_s=1.0)
    lengths = [window.quality.speech_s for window in windows]
    assert lengths[0] == pytest.approx(1.5)
    assert lengths[1] == pytest.approx(2.5, abs=0.05)
    assert all(length == pytest.approx(3.0) for length in lengths[2:])
    assert len(windows) >= 7
    assert all(len(w.fbank) == round(w.quality.speech_s * 100) for w in windows)


def test_the_first_window_comes_as_soon_as_its_speech_is_there(talk: Samples) -> None:
    windower = SpeechWindower(first_s=1.5)
    for chunk in chunked(talk):
        for window in windower.push(chunk):
            assert chunk.end_s - window.end_s < 0.1
            assert windower.speech_between(0, window.end_s) == pytest.approx(1.5, abs=0.05)
            return
    raise AssertionError("no window came")


def test_features_are_those_of_the_continuous_sound(talk: Samples) -> None:
    _, windows = windows_of(talk, max_age_s=60.0)
    whole = fbank(talk)
    for window in windows:
        first, last = round(window.start_s * 100), round(window.end_s * 100)
        span = whole[first:last]
        if len(span) == len(window.fbank):
            assert np.allclose(window.fbank, span - span.mean(axis=0), atol=1e-3)
        assert np.abs(window.fbank.mean(axis=0)).max() < 1e-3
        assert window.fbank.dtype == np.float32
    assert any(round((w.end_s - w.start_s) * 100) == len(w.fbank) for w in windows)


@settings(deadline=None, max_examples=20)
@given(sizes=st.lists(st.integers(1, 8000), max_size=8).map(lambda sizes: [*sizes, 4000]))
def test_chunks_change_nothing(talk: Samples, sizes: list[int]) -> None:
    samples = talk[: RATE * 6]
    whole, cut = windows_of(samples, (len(samples),)), windows_of(samples, tuple(sizes))
    assert_same(cut[1], whole[1])
    left, right = cut[0].flush(), whole[0].flush()
    assert_same([left] if left else [], [right] if right else [])


def assert_same(some: list[SpeechWindow], others: list[SpeechWindow]) -> None:
    assert len(some) == len(others)
    for a, b in zip(some, others, strict=True):
        assert (a.start_s, a.end_s) == pytest.approx((b.start_s, b.end_s))
        assert np.allclose(a.fbank, b.fbank, atol=1e-3)
        assert a.quality.snr_db == pytest.approx(b.quality.snr_db)


def test_a_long_pause_starts_anew(talk: Samples) -> None:
    samples = np.concatenate((talk[: RATE * 5], noise(4.0, -70), talk[: RATE * 5]))
    _, windows = windows_of(samples, pause_s=3.0)
    after = [window for window in windows if window.end_s > 9.0]
    assert after[0].start_s > 8.9
    assert after[0].quality.speech_s == pytest.approx(1.5)


def test_old_speech_enters_no_window(talk: Samples) -> None:
    word, pause = talk[RATE : RATE + RATE // 2], noise(1.5, -70)
    samples = np.concatenate([noise(1.0, -70)] + [word, pause] * 10)
    _, windows = windows_of(samples, max_age_s=5.0, pause_s=4.0, first_s=1.0)
    assert windows
    assert all(window.end_s - window.start_s <= 5.0 + 1e-6 for window in windows)


def test_a_reset_starts_anew(talk: Samples) -> None:
    windower = SpeechWindower()
    for chunk in chunked(talk[: RATE * 4]):
        windower.push(chunk)
    windower.reset()
    windows = [w for chunk in chunked(talk, start_s=4.0) for w in windower.push(chunk)]
    assert windows[0].start_s >= 4.0
    assert windows[0].quality.speech_s == pytest.approx(1.5)


def test_sound_that_is_skipped_parts_no_speech(talk: Samples) -> None:
    windower = SpeechWindower()
    before = [w for chunk in chunked(talk[: RATE * 4]) for w in windower.push(chunk)]
    windower.skip()
    rest = chunked(talk[round(4.6 * RATE) :], start_s=4.6)
    after = [w for chunk in rest for w in windower.push(chunk)]
    assert before
    assert after[0].start_s < 4.0 < after[0].end_s
    assert after[0].quality.speech_s > 2.5
    assert not any(window.pooled for window in (*before, *after))
    assert windower.speech_between(4.0, 4.6) == pytest.approx(0.0, abs=0.03)


def test_over_a_long_stretch_that_is_skipped_speech_is_forgotten_as_over_a_pause(
    talk: Samples,
) -> None:
    windower = SpeechWindower()
    for chunk in chunked(talk[: RATE * 4]):
        windower.push(chunk)
    windower.skip()
    rest = chunked(talk[: RATE * 4], start_s=9.0)
    windows = [w for chunk in rest for w in windower.push(chunk) if not w.pooled]
    assert windows[0].start_s >= 9.0


@pytest.mark.parametrize("jump_s", [30.0, -2.0])
def test_a_jump_in_time_is_a_reset(talk: Samples, jump_s: float) -> None:
    windower = SpeechWindower()
    for chunk in chunked(talk[: RATE * 4]):
        windower.push(chunk)
    later = chunked(talk, start_s=4.0 + jump_s)
    windows = [w for chunk in later for w in windower.push(chunk)]
    assert windows[0].start_s >= 4.0 + jump_s
    assert windows[0].quality.speech_s == pytest.approx(1.5)


def test_a_drifting_clock_is_no_jump(talk: Samples) -> None:
    windower = SpeechWindower()
    windows = []
    for k in range(len(talk) // 320):
        windows += windower.push(AudioChunk(talk[320 * k : 320 * k + 320], 0.0201 * k))
    assert len(windows) == len(windows_of(talk)[1])
    assert windows[-1].end_s > 1.004 * windows_of(talk)[1][-1].end_s


def test_flush_gives_what_is_worth_it(talk: Samples) -> None:
    windower, windows = windows_of(talk[: round(RATE * 1.4)])
    assert windows == []
    rest = windower.flush()
    assert rest is not None
    assert 0.7 <= rest.quality.speech_s < 1.4
    assert windower.flush() is None
    windower, _ = windows_of(talk[: RATE // 2])
    assert windower.flush() is None


@pytest.mark.parametrize("samples", [silence(8.0), noise(8.0, -20), noise(8.0, -40, exponent=1.0)])
def test_no_speech_gives_no_window(samples: Samples) -> None:
    windower, windows = windows_of(samples)
    assert windows == []
    assert windower.flush() is None
    assert windower.speech_between(0, 8) == 0
    assert windower.settled_s == pytest.approx(8.0, abs=0.1)


def test_speech_between_counts_seconds(talk: Samples) -> None:
    windower, _ = windows_of(talk)
    total = windower.speech_between(0, 12)
    assert 8 < total < 12
    parts = sum(windower.speech_between(k, k + 1) for k in range(12))
    assert parts == pytest.approx(total)
    assert windower.speech_between(100, 200) == 0


@pytest.mark.parametrize("snr_db", [5.0, 10.0, 20.0])
def test_snr_is_measured(talk: Samples, snr_db: float) -> None:
    level_dbfs = 10 * np.log10(np.mean((talk / 32768) ** 2))
    # Pink noise has about its share of power in the band that is measured.
    background = noise(2 + len(talk) / RATE, level_dbfs - snr_db, exponent=1.0).astype(int)
    background[2 * RATE :] += talk
    _, windows = windows_of(np.clip(background, -32768, 32767).astype(np.int16))
    assert np.median([w.quality.snr_db for w in windows]) == pytest.approx(snr_db + 3, abs=4)


def test_digital_silence_is_the_best_snr_there_is(talk: Samples) -> None:
    _, windows = windows_of(np.concatenate((silence(2.0), talk[3200:])))
    assert windows[0].quality.snr_db == NO_PAUSE_SNR_DB


def test_level_is_that_of_the_speech(talk: Samples) -> None:
    loud = windows_of(talk)[1][-1].quality.level_dbfs
    soft = windows_of((talk // 4).astype(np.int16))[1][-1].quality.level_dbfs
    assert -40 < loud < -10
    assert loud - soft == pytest.approx(12, abs=1)


def test_memory_is_bounded(talk: Samples) -> None:
    windower = SpeechWindower()
    for k in range(5):  # a minute, of which half is kept
        for chunk in chunked(talk, (1600,), start_s=12.0 * k):
            windower.push(chunk)
    assert len(windower._speech) <= 100
    assert len(windower._pauses) <= 100
    assert len(windower._spans) < 15
    assert len(windower._rows) < 10
    assert len(windower._undecided) < 3


def test_contradicting_settings_are_refused() -> None:
    with pytest.raises(SettingsError, match="first_s"):
        SpeechWindower(first_s=4.0, window_s=3.0)


def test_real_speech_gives_windows(data_dir: Path) -> None:
    files = sorted((data_dir / "dev" / "voice16k" / "libri_tc100").glob("*/*.flac"))[::80]
    assert files
    for file in files:
        samples = (read_voice(file) * 32768).astype(np.int16)
        windower, windows = windows_of(np.concatenate((noise(1.0, -70), samples)))
        rest = windower.flush()
        assert windows or rest


def cut_by_holes(
    talk: Samples, *, piece_s: float, hole_s: float
) -> tuple[float, list[SpeechWindow]]:
    """Speech of which no piece is long enough for a window; its seconds, and the windows."""
    windower, heard_s, at_s = SpeechWindower(), 0.0, 0.0
    windows: list[SpeechWindow] = []
    for start in range(0, len(talk) - round(piece_s * RATE), round(piece_s * RATE)):
        piece = talk[start : start + round(piece_s * RATE)]
        for chunk in chunked(piece, start_s=at_s):
            windows += windower.push(chunk)
        at_s += piece_s
        heard_s += windower.speech_between(at_s - piece_s, at_s)
        windower.reset()  # as a gap does
        at_s += hole_s
    for chunk in chunked(silence(20), start_s=at_s):
        windows += windower.push(chunk)
    return heard_s, windows


@pytest.mark.parametrize(("piece_s", "hole_s"), [(1.3, 0.6), (1.3, 4.0), (0.9, 2.0), (1.4, 0.3)])
def test_speech_cut_by_holes_is_pooled_into_windows(
    talk: Samples, piece_s: float, hole_s: float
) -> None:
    heard_s, windows = cut_by_holes(talk, piece_s=piece_s, hole_s=hole_s)
    assert windows
    assert all(window.pooled for window in windows)
    assert all(len(w.fbank) == round(w.quality.speech_s * 100) for w in windows)
    assert sum(window.quality.speech_s for window in windows) > heard_s - 1.0
    ends = [window.end_s for window in windows]
    assert ends == sorted(ends)
    assert all(window.start_s < window.end_s for window in windows)


def test_unbroken_speech_is_never_pooled(talk: Samples) -> None:
    _, windows = windows_of(talk)
    assert not any(window.pooled for window in windows)


def test_a_word_that_is_left_over_is_dropped_when_it_is_old(talk: Samples) -> None:
    _, windows = cut_by_holes(talk[: 2 * RATE], piece_s=0.6, hole_s=30.0)
    assert windows == []
