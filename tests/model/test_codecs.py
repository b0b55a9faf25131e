from __future__ import annotations

import numpy as np
import pytest
from skimage import data

from model.data.codecs import jpeg, opus, vp8
from model.data.media import Picture, Samples

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def vowel() -> Samples:
    """A gliding voice: harmonics of 110 to 160 Hz under two formants, with pauses."""
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    phase = 2 * np.pi * np.cumsum(110 + 25 * time_s) / RATE_HZ
    sound = np.zeros_like(time_s)
    for harmonic in range(1, 30):
        hertz = 130 * harmonic
        formants = sum(np.exp(-(((hertz - f) / 200) ** 2)) for f in (600, 1700))
        sound += (0.05 + formants) * np.sin(harmonic * phase)
    return (0.05 * sound * (time_s % 0.6 < 0.4)).astype(np.float32)


@pytest.fixture(scope="module")
def portrait() -> Picture:
    return np.ascontiguousarray(data.astronaut()[40:200, 145:305])


def lag(original: Samples, coded: Samples) -> int:
    """Samples by which the coded signal comes late."""
    middle = original[2000:-2000]
    shifts = range(-40, 41)
    alike = [float(middle @ coded[2000 + k : len(coded) - 2000 + k]) for k in shifts]
    return shifts[int(np.argmax(alike))]


@pytest.mark.parametrize("bitrate_bps", [12_000, 32_000])
def test_opus_keeps_time_and_level(vowel: Samples, bitrate_bps: int) -> None:
    coded = opus(vowel, bitrate_bps)
    assert coded.dtype == np.float32
    assert abs(lag(vowel, coded)) <= 3
    assert 0.7 < coded.std() / vowel.std() < 1.3
    assert not np.allclose(coded, vowel, atol=1e-3)


def test_fewer_bits_distort_more(vowel: Samples) -> None:
    def distance(bitrate_bps: int) -> float:
        spectra = [
            np.log(1e-2 + np.abs(np.fft.rfft(x.reshape(-1, 400), axis=1)))
            for x in (vowel, opus(vowel, bitrate_bps))
        ]
        return float(np.abs(spectra[0] - spectra[1]).mean())

    assert distance(8_000) > distance(64_000)


@pytest.mark.parametrize("count", [1, 319, 320, 321, 11_200])
def test_opus_keeps_any_length(vowel: Samples, count: int) -> None:
    assert opus(vowel[:count], 16_000).shape == (count,)


def test_coded_pictures_are_worse_the_harder_they_are_pressed(portrait: Picture) -> None:
    def error(picture: Picture) -> float:
        assert picture.shape == portrait.shape
        assert picture.dtype == np.uint8
        return float(np.abs(picture.astype(float) - portrait).mean())

    assert 0 < error(vp8(portrait, quantizer=20)) < error(vp8(portrait, quantizer=60)) < 40
    assert 0 < error(jpeg(portrait, quality=80)) < error(jpeg(portrait, quality=10)) < 40
    assert error(vp8(portrait, quantizer=20, scale=0.3)) > error(vp8(portrait, quantizer=20))


def test_codecs_keep_the_order_of_colours() -> None:
    red = np.zeros((160, 160, 3), np.uint8)
    red[..., 0] = 200
    for coded in (vp8(red, quantizer=30), jpeg(red, quality=80)):
        assert coded[..., 0].mean() > 150 > 60 > coded[..., 2].mean()
