"""Pictures and sound of a talking head as they come in, and their agreement, piece by piece.

What is kept is bounded: a quarter of a second of pictures, and some seconds of numbers.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.errors import ModelError
from model.runtime.audio import SAMPLE_RATE_HZ
from model.runtime.detect import DetectedFace
from model.runtime.fbank import FRAME, HOP
from model.runtime.lips import Agreement, LipNetwork
from model.runtime.mouth import STEADY_S, STEP_S, mouth, nearest, steady_at
from model.runtime.steps import SteppedSound
from model.types import Vector

STRETCH_STEPS = 75
"""Steps that are read at once: 3 s."""
LEAST_STEPS = 25
"""Fewer are not worth being read."""
HOLE_S = 0.1
"""Where no picture is nearer than this to a step, nobody knows what the lips did."""

_AROUND_S = 3 * STEADY_S
_REACH = 1.6
"""How far a kept picture reaches from the middle of the landmarks, in their larger spread."""
_LEAD_SAMPLES = (FRAME - HOP) // 2
"""How long before a step the first of its frames of sound begins."""
_MOST_STEPS = 3 * STRETCH_STEPS
_SLACK_S = 0.02

Speaks = Callable[[float, float], bool]


@dataclass(frozen=True, slots=True)
class _Seen:
    """The part of a picture around a face, until what follows says where the face stands still."""

    time_s: float
    part: NDArray[np.uint8]
    corner: NDArray[np.float64]
    landmarks: NDArray[np.float64]


class TalkingHead:
    """Follows one face and the sound of its call; from one thread at a time.

    Args:
        network: reads mouths and sound.
    """

    def __init__(self, network: LipNetwork) -> None:
        self._network = network
        self._waiting: deque[_Seen] = deque()
        self._done: deque[_Seen] = deque()
        self._times_s: deque[float] = deque()
        self._features: deque[Vector] = deque()
        self._sound = SteppedSound()
        self._heard_s: float | None = None
        self._first_step = 0
        self._skip = 0

    def see(self, time_s: float, image: NDArray[np.uint8], face: DetectedFace) -> None:
        """Take the next picture in which the face was found.

        Args:
            time_s: media time, later than the last one's.
            image: uint8, shape (height, width, 3), BGR, or (height, width), grey.
            face: the face in it, the same person's as before.

        Raises:
            ModelError: the picture is not later than the last one.
        """
        last_s = self._waiting[-1].time_s if self._waiting else -math.inf
        if time_s <= last_s:
            raise ModelError(f"a picture of {time_s} s came after one of {last_s} s")
        self._waiting.append(_around(time_s, image, face.landmarks.astype(np.float64)))
        while self._waiting and self._waiting[0].time_s <= time_s - _AROUND_S:
            self._read_mouth()

    def hear(self, time_s: float, samples: NDArray[np.int16]) -> None:
        """Take the next sound, all of it: what is no speech too.

        Where it does not follow on the last, sound starts anew.

        Args:
            time_s: media time of the first sample.
            samples: int16, mono at 16 kHz.
        """
        if self._heard_s is None or abs(time_s - self._heard_s) > _SLACK_S:
            self._start_hearing(time_s)
        before_s = time_s if self._heard_s is None else self._heard_s
        self._heard_s = before_s + len(samples) / SAMPLE_RATE_HZ
        dropped = min(self._skip, len(samples))
        self._skip -= dropped
        self._sound.push(samples[dropped:])
        if (over := self._sound.steps - _MOST_STEPS) > 0:
            self._drop_steps(over)

    def forget(self) -> None:
        """Start anew: another face, or media that did not follow on."""
        self._waiting.clear()
        self._done.clear()
        self._times_s.clear()
        self._features.clear()
        self._heard_s = None
        self._sound.clear()

    def agreement(self, speaks: Speaks | None = None, *, last: bool = False) -> Agreement:
        """What has come to be known since this was last asked; nothing where that is too little.

        Args:
            speaks: whether somebody speaks from one media time to another; all the time by
                default.
            last: nothing more comes: take what is there from a second on.
        """
        while last and self._waiting:
            self._read_mouth()
        total = Agreement.nothing()
        while (steps := self._ready_steps(last=last)) >= (LEAST_STEPS if last else STRETCH_STEPS):
            total += self._read(min(steps, STRETCH_STEPS), speaks)
        return total

    def _start_hearing(self, time_s: float) -> None:
        lead_s = _LEAD_SAMPLES / SAMPLE_RATE_HZ
        self._first_step = math.ceil((time_s + lead_s) / STEP_S - 1e-6)
        start_s = self._first_step * STEP_S - lead_s
        self._skip = max(0, round((start_s - time_s) * SAMPLE_RATE_HZ))
        self._sound.clear()
        self._heard_s = None

    def _read_mouth(self) -> None:
        """Cut the oldest waiting picture's mouth out where its neighbours say that it is."""
        now = self._waiting.popleft()
        near = [
            seen
            for seen in (*self._done, now, *self._waiting)
            if abs(seen.time_s - now.time_s) <= _AROUND_S
        ]
        times_s = np.array([seen.time_s for seen in near])
        landmarks = steady_at(now.time_s, times_s, np.stack([seen.landmarks for seen in near]))
        cut = mouth(now.part, landmarks - now.corner)
        self._times_s.append(now.time_s)
        self._features.append(self._network.features(cut[None])[0])
        self._done.append(now)
        while self._done[0].time_s < now.time_s - 2 * _AROUND_S:
            self._done.popleft()
        while self._times_s[-1] - self._times_s[0] > _MOST_STEPS * STEP_S:
            self._times_s.popleft()
            self._features.popleft()

    def _ready_steps(self, *, last: bool) -> int:
        """Whole steps from the first on that were both heard and seen; leaves holes behind."""
        while (heard := self._sound.steps) and self._times_s:
            until_s = self._times_s[-1] + (HOLE_S if last else 0.0)
            seen = math.floor(until_s / STEP_S - 0.5) + 1 - self._first_step
            steps = min(heard, seen)
            if steps <= 0:
                return 0
            bad = np.flatnonzero(self._apart_s(min(steps, STRETCH_STEPS)) > HOLE_S)
            if not len(bad):
                return steps
            if last and bad[0] >= LEAST_STEPS:
                return int(bad[0])
            self._drop_steps(int(bad[-1]) + 1)
        return 0

    def _apart_s(self, steps: int) -> NDArray[np.float64]:
        """How far the nearest picture is from each of the next steps."""
        times_s = np.array(self._times_s)
        wanted = (self._first_step + np.arange(steps) + 0.5) * STEP_S
        chosen = nearest(times_s, self._first_step * STEP_S, steps)
        return np.asarray(np.abs(times_s[chosen] - wanted))

    def _read(self, steps: int, speaks: Speaks | None) -> Agreement:
        start_s = self._first_step * STEP_S
        shown = nearest(np.array(self._times_s), start_s, steps)
        features = np.stack([self._features[index] for index in shown])
        edges = start_s + np.arange(steps + 1) * STEP_S
        speech = np.array(
            [
                speaks is None or speaks(float(start), float(end))
                for start, end in zip(edges[:-1], edges[1:], strict=True)
            ]
        )
        sound = self._network.sound(self._sound.take(steps))
        self._first_step += steps
        return Agreement.of(self._network.picture(features), sound, speech)

    def _drop_steps(self, steps: int) -> None:
        self._sound.drop(steps)
        self._first_step += steps


def _around(time_s: float, image: NDArray[np.uint8], landmarks: NDArray[np.float64]) -> _Seen:
    middle = landmarks.mean(axis=0)
    reach = _REACH * float(np.ptp(landmarks, axis=0).max())
    height, width = image.shape[:2]
    left, top = (max(0, int(edge)) for edge in middle - reach)
    right = min(width, int(middle[0] + reach) + 1)
    bottom = min(height, int(middle[1] + reach) + 1)
    part = image[top : max(bottom, top + 1), left : max(right, left + 1)].copy()
    return _Seen(time_s, part, np.array([left, top], np.float64), landmarks)
