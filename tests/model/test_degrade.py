from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage import data

from model.data import degrade
from model.data.media import Picture, Samples, crop_face
from model.runtime.quality import crop_quality


def speech_like(seconds: float = 3.0) -> Samples:
    """Half a second of tone, a quarter of near silence, and so on."""
    time_s = np.arange(int(seconds * 16_000)) / 16_000
    loud = np.where(time_s % 0.75 < 0.5, 0.2, 0.0005)
    return (loud * np.sin(2 * np.pi * 300 * time_s)).astype(np.float32)


@pytest.fixture(scope="module")
def portrait() -> Picture:
    return np.ascontiguousarray(data.astronaut()[40:200, 145:305])


@given(st.floats(-5, 30), st.integers(0, 1000))
def test_noise_is_mixed_at_the_stated_ratio(snr_db: float, seed: int) -> None:
    speech = speech_like(1.0) / 4
    noise = degrade.white(4000, np.random.default_rng(seed))
    mixed = degrade.add_noise(speech, noise, snr_db)  # type: ignore[arg-type]
    scale = float(mixed @ speech / (speech @ speech)) if np.abs(mixed).max() > 0.99 else 1.0
    added = mixed / scale - speech
    found = 10 * np.log10(np.mean(speech**2) / np.mean(added**2))
    assert found == pytest.approx(snr_db, abs=0.7)


def test_a_mix_never_clips() -> None:
    rng = np.random.default_rng(0)
    loud = np.clip(degrade.white(16_000, rng), -1, 1)
    assert np.abs(degrade.add_noise(loud, degrade.white(16_000, rng), 0.0)).max() <= 1.0


def test_silence_takes_no_noise_and_no_harm() -> None:
    silent = np.zeros(1600, np.float32)
    assert not degrade.add_noise(silent, degrade.white(1600, np.random.default_rng(0)), 5.0).any()


@pytest.mark.parametrize("seed", range(20))
def test_made_noise_is_sound_of_the_wanted_length(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = degrade.made_noise(12_345, lambda n: [speech_like() for _ in range(n)], rng)
    assert noise.shape == (12_345,)
    assert noise.dtype == np.float32
    assert np.isfinite(noise).all()
    assert noise.std() > 0


def test_pink_noise_falls_with_frequency() -> None:
    noise = degrade.coloured(64_000, np.random.default_rng(1))
    power = np.abs(np.fft.rfft(noise)) ** 2
    hertz = np.fft.rfftfreq(64_000, 1 / 16_000)
    low = power[(hertz > 100) & (hertz < 200)].mean()
    high = power[(hertz > 3200) & (hertz < 6400)].mean()
    assert low / high == pytest.approx(32, rel=0.3)


def test_damage_keeps_the_size_and_lowers_the_measured_quality(portrait: Picture) -> None:
    before = crop_quality(crop_face(portrait))
    small = crop_quality(crop_face(degrade.low_resolution(portrait)))
    soft = crop_quality(crop_face(degrade.blur(portrait, sigma_px=2)))
    rng = np.random.default_rng(0)
    dark = crop_quality(crop_face(degrade.darken(portrait, rng, gain=0.2)))
    assert small.sharpness < before.sharpness / 2
    assert soft.sharpness < before.sharpness / 4
    assert dark.brightness == pytest.approx(0.2 * before.brightness, rel=0.1)
    assert dark.contrast < before.contrast / 2


@pytest.mark.parametrize("seed", range(8))
def test_random_damage_is_a_picture(portrait: Picture, seed: int) -> None:
    damaged = degrade.damage(portrait, np.random.default_rng(seed))
    assert damaged.shape == portrait.shape
    assert damaged.dtype == np.uint8
    assert not np.array_equal(damaged, portrait)


def test_sharpness_is_opencv_s_variance_of_the_laplacian(portrait: Picture) -> None:
    import cv2

    crop = crop_face(portrait)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    found = crop_quality(crop)
    assert found.sharpness == pytest.approx(cv2.Laplacian(grey, cv2.CV_64F).var(), rel=0.02)
    assert found.brightness == pytest.approx(grey.mean() / 255, rel=0.01)
