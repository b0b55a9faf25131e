from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.data.media import read_voice
from model.runtime.vad import FRAME, FRAME_S, VadFrame, VoiceActivityDetector, measure
from tests.support.window_media import Samples, chunked, noise, silence


def judge(samples: Samples, sizes: tuple[int, ...] = (320,)) -> list[VadFrame]:
    vad = VoiceActivityDetector()
    frames = [f for c in chunked(samples, sizes) for f in vad.push(c.samples, c.start_s)]
    return frames + vad.flush()


def share(frames: list[VadFrame]) -> float:
    return sum(frame.speech for frame in frames) / len(frames)


def tone(seconds: float, hz: float, dbfs: float) -> Samples:
    time_s = np.arange(round(seconds * 16_000)) / 16_000
    wave = np.sin(2 * np.pi * hz * time_s) * np.sqrt(2) * 10 ** (dbfs / 20)
    return np.asarray(wave * 32767, np.int16)


def hum(seconds: float, dbfs: float) -> Samples:
    parts = [tone(seconds, 50 * k, dbfs - 6 * k).astype(np.int32) for k in range(1, 9)]
    return np.clip(sum(parts), -32768, 32767).astype(np.int16)


def test_synthetic_speech_is_speech(talk: Samples, other_talk: Samples) -> None:
    assert share(judge(talk)) > 0.75
    assert share(judge(other_talk)) > 0.75


def test_a_voice_too_soft_to_count_is_told_from_no_voice(talk: Samples) -> None:
    soft = talk // 2**6  # by 36 dB
    assert share(judge(soft)) == 0
    assert np.mean([frame.soft for frame in judge(soft)]) > 0.3
    loud = judge(talk)
    assert not any(frame.soft and frame.speech for frame in loud)
    assert np.mean([frame.soft for frame in loud]) < 0.02
    for nobody in (noise(10.0, -60), noise(10.0, -55, exponent=1.0), hum(10.0, -55), silence(5.0)):
        assert np.mean([frame.soft for frame in judge(nobody)]) < 0.01


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("dbfs", [-60, -45, -30, -20, -10])
def test_steady_noise_is_no_speech(dbfs: float, exponent: float) -> None:
    assert share(judge(noise(10.0, dbfs, exponent=exponent))) <= 0.01


def test_silence_is_no_speech() -> None:
    frames = judge(silence(5.0))
    assert len(frames) == 5.0 // FRAME_S
    assert share(frames) == 0
    assert {frame.level_dbfs for frame in frames} == {-120.0}


@pytest.mark.parametrize("dbfs", [-40, -20, -6])
def test_mains_hum_is_no_speech(dbfs: float) -> None:
    assert share(judge(hum(10.0, dbfs))) == 0


def test_clicks_are_no_speech() -> None:
    samples = noise(10.0, -70)
    samples[::5000] = 30_000
    assert share(judge(samples)) == 0


def test_noise_after_a_muted_stretch_is_no_speech() -> None:
    samples = np.concatenate((silence(5.0), noise(5.0, -20), silence(2.0), noise(5.0, -30)))
    assert share(judge(samples)) <= 0.01


def test_speech_in_noise_10_db_below_is_found(talk: Samples) -> None:
    clean = [frame.speech for frame in judge(np.concatenate((silence(2.0), talk)))]
    level_dbfs = 10 * np.log10(np.mean((talk / 32768) ** 2))
    background = noise(2.0 + len(talk) / 16_000, level_dbfs - 10).astype(np.int32)
    background[len(background) - len(talk) :] += talk
    mixed = np.clip(background, -32768, 32767).astype(np.int16)
    noisy = [frame.speech for frame in judge(mixed)]
    assert sum(a and b for a, b in zip(clean, noisy, strict=True)) > 0.7 * sum(clean)
    assert share(judge(mixed)[:66]) == 0


def test_a_short_gap_is_kept_and_a_pause_is_not(talk: Samples) -> None:
    spoken = talk[8000:24_000]
    short = judge(np.concatenate((noise(1.0, -70), spoken, noise(0.15, -70), spoken)))
    between = [f for f in short if 2.0 <= f.start_s < 2.1]
    assert between
    assert all(frame.speech for frame in between)
    long = judge(np.concatenate((noise(1.0, -70), spoken, noise(1.0, -70), spoken)))
    between = [f for f in long if 2.3 <= f.start_s < 2.9]
    assert between
    assert not any(frame.speech for frame in between)


@settings(deadline=None, max_examples=25)
@given(sizes=st.lists(st.integers(1, 3000), max_size=8).map(lambda sizes: [*sizes, 1500]))
def test_chunks_change_nothing(talk: Samples, sizes: list[int]) -> None:
    samples = talk[: 16_000 * 4]
    whole, cut = judge(samples, (len(samples),)), judge(samples, tuple(sizes))
    assert [f.speech for f in cut] == [f.speech for f in whole]
    assert [f.level_dbfs for f in cut] == [f.level_dbfs for f in whole]
    assert np.allclose([f.start_s for f in cut], [f.start_s for f in whole])


def test_frames_come_in_order_each_once_and_soon(talk: Samples) -> None:
    vad = VoiceActivityDetector(onset_hold_frames=6)
    seen: list[VadFrame] = []
    for chunk in chunked(talk, start_s=7.0):
        seen += vad.push(chunk.samples, chunk.start_s)
        given_s = seen[-1].end_s if seen else 7.0
        assert chunk.end_s - given_s < 7 * FRAME_S
    starts = np.array([frame.start_s for frame in seen])
    assert np.allclose(starts, 7.0 + FRAME_S * np.arange(len(seen)))


def test_times_follow_a_drifting_clock() -> None:
    vad = VoiceActivityDetector()
    frames = [frame for k in range(500) for frame in vad.push(silence(0.02), k * 0.02002)]
    assert frames[-1].end_s == pytest.approx(499 * 0.02002 + 0.02, abs=0.03)


def test_reset_forgets_what_was_held_back(talk: Samples) -> None:
    vad = VoiceActivityDetector()
    vad.push(talk[:20_000], 0.0)
    vad.reset()
    again = vad.push(talk[: 16_000 * 4], 0.0) + vad.flush()
    assert again == judge(talk[: 16_000 * 4], (16_000 * 4,))


def test_level_and_voicing_of_a_tone() -> None:
    level_dbfs, voicing = measure(tone(0.03, 200.0, -20))
    assert level_dbfs == pytest.approx(-20, abs=0.5)
    assert voicing > 0.9
    offset = np.full(FRAME, 20_000, np.int16)
    assert measure(offset) == (-120.0, 0.0)


def test_real_speech_is_kept(data_dir: Path) -> None:
    files = sorted((data_dir / "dev" / "voice16k" / "libri_tc100").glob("*/*.flac"))[::60]
    assert files
    kept = []
    for file in files:
        spoken = (read_voice(file) * 32768).astype(np.int16)
        judged = judge(np.concatenate((noise(1.0, -70), spoken)))
        loud_dbfs = max(frame.level_dbfs for frame in judged) - 25
        kept += [frame.speech for frame in judged if frame.level_dbfs > loud_dbfs]
    assert np.mean(kept) > 0.9
