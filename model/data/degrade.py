"""What calls do to media, made on purpose: noise on speech, damage to pictures.

Training noise is synthesised or mixed from other training speakers, so that recorded noise stays
unseen until evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from model.data.media import SAMPLE_RATE_HZ, Picture, Samples

_SILENCE = 1e-10


def add_noise(speech: Samples, noise: Samples, snr_db: float) -> Samples:
    """Mix noise into speech; SNR is the ratio of mean powers over the whole signal.

    Args:
        speech: float32, -1 to 1.
        noise: any length; repeated to the speech's.
        snr_db: speech power over noise power.

    Returns:
        The mix, scaled down where it would clip.
    """
    looped = np.resize(noise, speech.shape)
    ratio = np.mean(speech**2) / max(float(np.mean(looped**2)), _SILENCE)
    mixed = speech + looped * np.sqrt(ratio * 10 ** (-snr_db / 10))
    return np.asarray(mixed / max(1.0, float(np.abs(mixed).max())), dtype=np.float32)


def white(count: int, rng: np.random.Generator) -> Samples:
    """White noise."""
    return rng.standard_normal(count).astype(np.float32)


def coloured(count: int, rng: np.random.Generator, *, exponent: float = 1.0) -> Samples:
    """Noise whose power falls with frequency to the power of ``exponent`` (1 pink, 2 brown)."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hertz = np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ), 20.0)
    return np.fft.irfft(spectrum / hertz ** (exponent / 2), count).astype(np.float32)


def hum(count: int, rng: np.random.Generator) -> Samples:
    """Mains hum with harmonics over a little pink noise."""
    time_s = np.arange(count) / SAMPLE_RATE_HZ
    base_hz = rng.choice([50.0, 60.0])
    tones = [
        rng.uniform(0.2, 1) / k * np.sin(2 * np.pi * (base_hz * k * time_s + rng.uniform()))
        for k in range(1, 13)
    ]
    pink = coloured(count, rng)
    return np.asarray(np.sum(tones, axis=0) + 0.3 * pink / pink.std(), dtype=np.float32)


def bursts(count: int, rng: np.random.Generator) -> Samples:
    """Knocks and clatter: short decaying bursts of coloured noise at random times."""
    envelope = np.full(count, 0.02)
    decay = np.exp(-np.arange(SAMPLE_RATE_HZ // 2) / (SAMPLE_RATE_HZ * rng.uniform(0.02, 0.15)))
    knocks = max(1, int(count / SAMPLE_RATE_HZ * rng.uniform(1, 5)))
    for start in rng.integers(0, count, size=knocks):
        piece = envelope[start : start + len(decay)]
        piece += decay[: len(piece)] * rng.uniform(0.3, 1)
    return np.asarray(coloured(count, rng, exponent=rng.uniform(0, 1.5)) * envelope, np.float32)


def babble(count: int, voices: Sequence[Samples], rng: np.random.Generator) -> Samples:
    """Several people at once, each started anywhere and brought to the same power."""
    total = np.zeros(count, dtype=np.float32)
    for voice in voices:
        power = max(float(np.mean(voice**2)), _SILENCE)
        total += np.resize(np.roll(voice, int(rng.integers(len(voice)))), count) / np.sqrt(power)
    return total


def made_noise(
    count: int, babblers: Callable[[int], list[Samples]], rng: np.random.Generator
) -> Samples:
    """One of the noises above, drawn at random.

    Args:
        count: samples wanted.
        babblers: gives that many voices of other people.
        rng: source of randomness.
    """
    kind = rng.integers(5)
    if kind == 4:
        return babble(count, babblers(int(rng.integers(1, 7))), rng)
    exponent = float(rng.uniform(0, 2))
    makers = (white, lambda n, r: coloured(n, r, exponent=exponent), hum, bursts)
    return makers[kind](count, rng)


def low_resolution(picture: Picture, *, scale: float = 0.35, jpeg_quality: int = 30) -> Picture:
    """Shrink, compress as JPEG, and enlarge to the old size."""
    side = picture.shape[0]
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality])
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    assert decoded is not None  # what OpenCV has just coded it can decode
    return _picture(cv2.resize(decoded, (side, side), interpolation=cv2.INTER_LINEAR))


def blur(picture: Picture, *, sigma_px: float) -> Picture:
    """Out of focus."""
    return _picture(cv2.GaussianBlur(picture, (0, 0), sigma_px))


def darken(picture: Picture, rng: np.random.Generator, *, gain: float) -> Picture:
    """Too little light: scaled down, with sensor noise of about two grey levels."""
    noisy = picture * gain + rng.normal(0, 2, picture.shape)
    return _picture(np.clip(noisy, 0, 255))


def damage(picture: Picture, rng: np.random.Generator) -> Picture:
    """One of the damages above, drawn at random in kind and strength."""
    kind = rng.integers(4)
    if kind == 0:
        return blur(picture, sigma_px=float(rng.uniform(0.7, 3)))
    if kind == 1:
        return darken(picture, rng, gain=float(rng.uniform(0.08, 0.4)))
    scale, quality = float(rng.uniform(0.2, 0.7)), int(rng.integers(15, 70))
    return low_resolution(picture, scale=scale, jpeg_quality=quality)


def _picture(values: NDArray[np.generic]) -> Picture:
    return np.ascontiguousarray(values).astype(np.uint8)
