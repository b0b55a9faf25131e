"""Rooms: synthetic impulse responses, and speech heard in them.

First the direct sound and the image sources of a shoebox (Allen and Berkley 1979), then from the
mixing time on noise that decays exponentially (Polack 1988), at the level that diffuse-field
theory gives it for the distance of the speaker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import oaconvolve

from model.data.media import SAMPLE_RATE_HZ, Samples

SPEED_OF_SOUND_M_S = 343.0
_SILENCE = 1e-10
_ORDER = 2
_SHELL = np.stack(np.meshgrid(*[np.arange(-_ORDER, _ORDER + 1)] * 3, indexing="ij"), -1)
_IMAGES = _SHELL.reshape(-1, 3)[(np.abs(_SHELL).reshape(-1, 3).sum(axis=1) <= _ORDER)]


@dataclass(frozen=True, slots=True)
class Room:
    """A shoebox with someone speaking in it.

    Attributes:
        size_m: width, depth and height.
        speaker_m: place of the mouth.
        microphone_m: place of the microphone.
        rt60_s: time in which the sound decays by 60 dB.
    """

    size_m: tuple[float, float, float]
    speaker_m: tuple[float, float, float]
    microphone_m: tuple[float, float, float]
    rt60_s: float

    @property
    def distance_m(self) -> float:
        """From the mouth to the microphone."""
        return float(np.linalg.norm(np.subtract(self.speaker_m, self.microphone_m)))

    @property
    def volume_m3(self) -> float:
        """Of the shoebox."""
        return float(np.prod(self.size_m))

    @property
    def absorption(self) -> float:
        """Mean absorption of the walls that gives the RT60, by Sabine's formula; at most 0.95."""
        x, y, z = self.size_m
        surface = 2 * (x * y + y * z + z * x)
        return min(0.95, 0.161 * self.volume_m3 / (surface * self.rt60_s))

    @property
    def critical_distance_m(self) -> float:
        """Where direct and reverberant sound are equally strong."""
        return float(0.057 * np.sqrt(self.volume_m3 / self.rt60_s))


def draw_room(rng: np.random.Generator) -> Room:
    """A room of a flat or an office: RT60 of 0.15 to 0.8 s, 0.3 to 2 m to the microphone."""
    size = rng.uniform((2.5, 3.0, 2.3), (7.0, 8.0, 3.2))
    speaker = rng.uniform(0.25, 0.75, 3) * size
    direction = rng.standard_normal(3) * (1, 1, 0.3)
    offset = direction / np.linalg.norm(direction) * rng.uniform(0.3, 2.0)
    microphone = np.clip(speaker + offset, 0.2, size - 0.2)
    return Room(_triple(size), _triple(speaker), _triple(microphone), float(rng.uniform(0.15, 0.8)))


def impulse_response(room: Room, rng: np.random.Generator) -> Samples:
    """What the microphone hears of a click.

    Args:
        room: where.
        rng: draws the tail's noise.

    Returns:
        float32, shape (n,); the direct sound is sample 0 with amplitude 1.
    """
    count = int(room.rt60_s * SAMPLE_RATE_HZ)
    response = np.zeros(count)
    delays, gains = _reflections(room)
    heard = delays < count
    np.add.at(response, delays[heard], gains[heard])
    mixing = min(count, int(1e-3 * np.sqrt(room.volume_m3) * SAMPLE_RATE_HZ))
    response[mixing:] += _tail(room, count, rng)[mixing:]
    return response.astype(np.float32)


def reverberate(samples: Samples, response: Samples) -> Samples:
    """Hear speech through a room, as long as it was and as loud.

    Args:
        samples: float32, shape (n,).
        response: as of :func:`impulse_response`, the direct sound first.

    Returns:
        float32, shape (n,); the direct sound lies where it lay in ``samples``.
    """
    heard = oaconvolve(samples, response)[: len(samples)]
    power = max(float(np.mean(heard**2)), _SILENCE)
    return np.asarray(heard * np.sqrt(np.mean(samples**2) / power), dtype=np.float32)


def _reflections(room: Room) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Delays in samples after the direct sound, and gains against it, of all images."""
    size, speaker = np.array(room.size_m), np.array(room.speaker_m)
    odd = _IMAGES % 2 == 1
    places = _IMAGES * size + np.where(odd, size - speaker, speaker)
    far = np.linalg.norm(places - np.array(room.microphone_m), axis=1)
    wall = np.sqrt(1 - room.absorption) ** np.abs(_IMAGES).sum(axis=1)
    delays = np.rint((far - room.distance_m) / SPEED_OF_SOUND_M_S * SAMPLE_RATE_HZ)
    return delays.astype(np.intp), wall * room.distance_m / far


def _tail(room: Room, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Decaying noise whose energy against the direct sound is (distance / critical) squared."""
    decay = 3 * np.log(10) / (room.rt60_s * SAMPLE_RATE_HZ)
    power = (room.distance_m / room.critical_distance_m) ** 2 * 2 * decay
    envelope = np.sqrt(power) * np.exp(-decay * np.arange(count))
    return np.asarray(envelope * rng.standard_normal(count))


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
