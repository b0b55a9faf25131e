"""What the real speech windower makes of a piece of sound, each of its windows embedded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.data.media import Samples
from model.runtime.reference import VOICE_SIZE
from model.types import Vector, VoiceQuality, VoiceSample
from stream_verifier.media.types import SAMPLE_RATE_HZ, AudioChunk
from stream_verifier.simulation.array_cache import Arrays
from stream_verifier.simulation.script import GRID_S
from stream_verifier.windows.speech import SpeechWindower
from stream_verifier.windows.types import SpeechWindow

TICK = round(GRID_S * SAMPLE_RATE_HZ)
"""Samples in 30 ms."""


@dataclass(frozen=True, slots=True)
class HeardWindow:
    """A speech window of a piece; times are from the piece's start.

    Attributes:
        known_s: how much of the piece had to be heard before the window was given.
    """

    start_s: float
    end_s: float
    known_s: float
    sample: VoiceSample


@dataclass(frozen=True, slots=True)
class Heard:
    """A piece of sound, listened to; times are from its start.

    Attributes:
        windows: in order.
        spans: start and end of each stretch of detected speech.
        settled_s: after each 30 ms, up to when all windows had been given.
    """

    windows: tuple[HeardWindow, ...]
    spans: tuple[tuple[float, float], ...]
    settled_s: tuple[float, ...]


def to_pcm(samples: Samples) -> NDArray[np.int16]:
    """As microphones give it."""
    return np.clip(np.round(samples * 32768), -32768, 32767).astype(np.int16)


def listen(
    pcm: NDArray[np.int16],
    windower: SpeechWindower,
    embed: Callable[[NDArray[np.float32]], Vector],
) -> Arrays:
    """Run a piece through a windower; what ``heard`` reads.

    Args:
        pcm: int16, 16 kHz, a whole number of 30 ms.
        windower: that has heard nothing yet.
        embed: the voice tower.
    """
    found: list[tuple[float, SpeechWindow]] = []
    settled_s: list[float] = []
    speech: list[bool] = []
    for start in range(0, len(pcm), TICK):
        at_s = start / SAMPLE_RATE_HZ
        windows = windower.push(AudioChunk(pcm[start : start + TICK], at_s))
        found += [(at_s + GRID_S, window) for window in windows]
        settled_s.append(windower.settled_s or 0.0)
    for start in range(0, len(pcm), TICK):
        middle_s = start / SAMPLE_RATE_HZ
        speech.append(windower.speech_between(middle_s, middle_s + GRID_S) > GRID_S / 2)
    rows = [_row(known_s, window) for known_s, window in found]
    vectors = [embed(window.fbank) for _, window in found]
    return {
        "windows": np.array(rows, np.float64).reshape(-1, 6),
        "vectors": np.array(vectors, np.float32).reshape(len(rows), VOICE_SIZE),
        "speech": np.array(speech, dtype=bool),
        "settled_s": np.array(settled_s, np.float64),
    }


def heard(arrays: Arrays) -> Heard:
    """Read what ``listen`` gave."""
    rows = zip(arrays["windows"], arrays["vectors"], strict=True)
    windows = [_window([float(value) for value in row], vector) for row, vector in rows]
    settled_s = tuple(arrays["settled_s"].tolist())
    return Heard(tuple(windows), tuple(_spans(arrays["speech"])), settled_s)


def _window(row: list[float], vector: Vector) -> HeardWindow:
    start_s, end_s, known_s, *quality = row
    return HeardWindow(start_s, end_s, known_s, VoiceSample(vector, VoiceQuality(*quality)))


def _row(known_s: float, window: SpeechWindow) -> tuple[float, ...]:
    quality = window.quality
    times = (window.start_s, window.end_s, known_s)
    return (*times, quality.speech_s, quality.snr_db, quality.level_dbfs)


def _spans(speech: NDArray[Any]) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], speech, [False])).astype(np.int8)))
    ticks = edges.reshape(-1, 2)
    return [(float(start) * GRID_S, float(end) * GRID_S) for start, end in ticks]
