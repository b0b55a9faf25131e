"""Was this sound there before? A recording that is played in a loop says the same again."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from model.runtime.fbank import MEL_BANDS, FbankStream
from model.runtime.repeats import RepeatFinder
from stream_verifier.media.types import AudioChunk

_BANDS = 20
_FRAMES_PER_STEP = 4
_STRETCH_S = 2.0
_EVERY_S = 1.0
_LEAST_SPEECH_S = 1.2
"""Of the stretch: a hum, a tone and silence are always like themselves."""
_SAME, _SAME_LAG_S = 0.85, 0.081
"""Likeness, and how much later than the last stretch that was like it, from which on it is the
same sound: a loop brings all back after the same time, as people who say the same words do not."""
_SLACK_S = 0.02


class Echoes:
    """Follows a call's sound; keeps a minute of 20 numbers, 25 times a second."""

    def __init__(self) -> None:
        self._bank = FbankStream()
        self._rows = np.empty((0, MEL_BANDS), np.float32)
        self._finder = RepeatFinder(_BANDS, window_s=_STRETCH_S)
        self._heard_s: float | None = None
        self._asked_s = -math.inf
        self._like: float | None = None

    def hear(self, chunk: AudioChunk) -> None:
        """Take the next sound; where it does not follow on the last, start anew."""
        if self._heard_s is None or abs(chunk.start_s - self._heard_s) > _SLACK_S:
            self.forget()
        self._heard_s = chunk.end_s
        self._rows = np.concatenate((self._rows, self._bank.push(chunk.samples)))
        steps = len(self._rows) // _FRAMES_PER_STEP
        done, self._rows = np.split(self._rows, [steps * _FRAMES_PER_STEP])
        grouped = done.reshape(steps, _FRAMES_PER_STEP, _BANDS, MEL_BANDS // _BANDS)
        for numbers in grouped.mean(axis=(1, 3)):
            # Without its level: words and pauses of one rhythm are no loop.
            self._finder.push(numbers - numbers.mean())

    def forget(self) -> None:
        """Remember nothing."""
        self._bank = FbankStream()
        self._rows = np.empty((0, MEL_BANDS), np.float32)
        self._finder.forget()
        self._heard_s = self._like = None

    def heard_before(self, speech_between: Callable[[float, float], float]) -> bool | None:
        """Whether the newest two seconds, and those of a second ago, were speech heard before.

        Args:
            speech_between: seconds of speech from one media time to another.

        Returns:
            None where that was not asked: too soon after the last time, or too little speech.
        """
        if self._heard_s is None or self._heard_s - self._asked_s < _EVERY_S:
            return None
        if speech_between(self._heard_s - _STRETCH_S, self._heard_s) < _LEAST_SPEECH_S:
            return None
        self._asked_s = self._heard_s
        found, before = self._finder.find(), self._like
        self._like = found.lag_s if found is not None and found.likeness > _SAME else None
        if self._like is None or before is None:
            return False
        return abs(self._like - before) <= _SAME_LAG_S
