"""Was this sound there before? A recording that is played in a loop says the same again."""

from __future__ import annotations

import math
from collections.abc import Callable

from model.runtime.fbank import MEL_BANDS
from model.runtime.lips import SOUND_FRAMES_PER_STEP
from model.runtime.repeats import RepeatFinder
from model.runtime.steps import SteppedSound
from stream_verifier.media.types import AudioChunk

_BANDS = 20
_AT_ONCE_STEPS = 25
"""Of sound that are made features of, at most; each second somebody asks."""
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
        self._sound = SteppedSound()
        self._finder = RepeatFinder(_BANDS, window_s=_STRETCH_S)
        self._heard_s: float | None = None
        self._asked_s = -math.inf
        self._like: float | None = None

    def hear(self, chunk: AudioChunk) -> None:
        """Take the next sound; where it does not follow on the last, start anew."""
        if self._heard_s is None or abs(chunk.start_s - self._heard_s) > _SLACK_S:
            self.forget()
        self._heard_s = chunk.end_s
        self._sound.push(chunk.samples)
        if self._sound.steps >= _AT_ONCE_STEPS:
            self._digest()

    def forget(self) -> None:
        """Remember nothing."""
        self._sound.clear()
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
        self._digest()
        found, before = self._finder.find(), self._like
        self._like = found.lag_s if found is not None and found.likeness > _SAME else None
        if self._like is None or before is None:
            return False
        return abs(self._like - before) <= _SAME_LAG_S

    def _digest(self) -> None:
        steps = self._sound.steps
        grouped = self._sound.take(steps).reshape(
            steps, SOUND_FRAMES_PER_STEP, _BANDS, MEL_BANDS // _BANDS
        )
        numbers = grouped.mean(axis=(1, 3))
        # Without its level: words and pauses of one rhythm are no loop.
        for each in numbers - numbers.mean(axis=1, keepdims=True):
            self._finder.push(each)
