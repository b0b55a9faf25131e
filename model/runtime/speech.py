"""From sound to what the voice tower takes: speech only, as features, with its quality.

Serving cuts a call's sound piece by piece and recordings are cut whole, both by these parts, so
that a model is fitted and measured on exactly what it will meet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.runtime import fbank, vad
from model.runtime.audio import SAMPLE_RATE_HZ
from model.runtime.telephone import is_narrow
from model.types import Vector, VoiceQuality

NO_PAUSE_SNR_DB = 40.0
"""The signal-to-noise ratio where no pause was heard, and the highest that is ever given."""
LEAST_SPEECH_S = 0.48
"""The voice tower takes no less."""
SILENCE_DBFS = -60.0
"""A recording whose mean level is lower holds nothing."""

_ROWS = vad.FRAME // fbank.HOP


@dataclass(frozen=True, slots=True)
class Speech:
    """The speech of a recording.

    Attributes:
        fbank: float32, shape (frames, 80): log-mel frames of speech alone, mean over time
            subtracted; the voice tower's input.
        quality: of the speech.
        narrow: whether there is nothing above the telephone's band.
    """

    fbank: Vector
    quality: VoiceQuality
    narrow: bool = False


def speech_quality(speech_dbfs: Sequence[float], pause_dbfs: Sequence[float]) -> VoiceQuality:
    """Measure speech by the levels of its 30 ms frames and of those of the pauses around it.

    Args:
        speech_dbfs: at least one.
        pause_dbfs: may be empty: the SNR is then ``NO_PAUSE_SNR_DB``.
    """
    level_dbfs = 10 * math.log10(np.mean(10 ** (np.asarray(speech_dbfs) / 10)))
    snr_db = NO_PAUSE_SNR_DB
    if len(pause_dbfs):
        # The median, since a pause may hold a click or the tail of a word.
        snr_db = min(NO_PAUSE_SNR_DB, level_dbfs - float(np.median(pause_dbfs)))
    return VoiceQuality(len(speech_dbfs) * vad.FRAME_S, snr_db, level_dbfs)


def cut_speech(samples: NDArray[np.float32]) -> Speech | None:
    """Cut the speech out of a recording.

    Args:
        samples: float32, shape (n,), -1 to 1, mono at 16 kHz.

    Returns:
        The speech; None where there is less than ``LEAST_SPEECH_S`` of it.
    """
    pcm = _pcm(samples)
    detector = vad.VoiceActivityDetector()
    frames = detector.push(pcm, 0.0) + detector.flush()
    rows = fbank.fbank(pcm)
    judged = frames[: len(rows) // _ROWS]
    is_speech = np.array([frame.speech for frame in judged], dtype=bool)
    if is_speech.sum() * vad.FRAME_S < LEAST_SPEECH_S:
        return None
    kept = rows[: len(judged) * _ROWS][np.repeat(is_speech, _ROWS)]
    quality = speech_quality(
        [frame.level_dbfs for frame in judged if frame.speech],
        [frame.level_dbfs for frame in judged if not frame.speech],
    )
    return Speech(np.ascontiguousarray(kept - kept.mean(axis=0)), quality, is_narrow(kept))


def whole_speech(samples: NDArray[np.float32]) -> Speech | None:
    """Take all of a recording for speech, where the detector finds too little in it.

    For recordings that are known to hold nothing else; what is live is waited for instead. Since
    nothing stood out, speech is taken to be as loud as what is around it: an SNR of 0 dB.

    Args:
        samples: float32, shape (n,), -1 to 1, mono at 16 kHz.

    Returns:
        The speech; None where the recording is silent or shorter than ``LEAST_SPEECH_S``.
    """
    pcm = _pcm(samples)
    rows = fbank.fbank(pcm)
    level_dbfs = 10 * math.log10(max(float(np.mean((pcm / 32768) ** 2)), 1e-12))
    if len(rows) < LEAST_SPEECH_S * 100 or level_dbfs < SILENCE_DBFS:
        return None
    quality = VoiceQuality(len(samples) / SAMPLE_RATE_HZ, 0.0, level_dbfs)
    return Speech(np.ascontiguousarray(rows - rows.mean(axis=0)), quality, is_narrow(rows))


def _pcm(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.clip(np.round(samples * 32768), -32768, 32767).astype(np.int16)
