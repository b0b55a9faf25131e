"""Say these digits: speech that begins when asked for, as long as that, from this mouth.

Which words were said nobody recognises. So a recording of the person who says any four digits, with
a picture whose lips go with it, passes; and the event says that words were not recognised.
"""

from __future__ import annotations

import random

import numpy as np

from model.runtime.lips import LipCalibration, LipNetwork
from stream_verifier.errors import SettingsError
from stream_verifier.events.schema import ChallengeKind, ChallengeMeasured, ChallengeOutcome, Side
from stream_verifier.media.types import SAMPLE_RATE_HZ, AudioChunk, MediaItem, VideoFrame
from stream_verifier.verify.channels.challenge.kind import (
    LEAST_REACTION_S,
    Attempt,
    Finding,
    Task,
    Tools,
)
from stream_verifier.verify.channels.challenge.syllables import syllables
from stream_verifier.verify.channels.presence.talk import Talk
from stream_verifier.windows.types import Window

_DIGITS = 4
_WITHIN_S = 12.0
_LEAST_SPEECH_S, _MOST_SPEECH_S = 0.8, 6.0
_LEAST_SYLLABLES, _MOST_SYLLABLES = 3, 16
"""Four digits have 4 to 12 in most languages, and a few run together or ring twice."""
_SILENCE_S = 1.2
"""After which whoever has said enough is done."""
_STEP_S = 0.1
_LOOK_EVERY_S = 0.25
_EARLY_S = 0.3
"""Somebody who speaks so soon was speaking already, which is no answer yet."""
_LEAST_PAIRS = 4.0
_MOUTH_MOVES, _LIPS_AGAINST = 0.5, -2.5
_SPEAKS_UP = 0.5


class SayDigits:
    """Four digits drawn by chance, which are shown and not recognised."""

    name: ChallengeKind = "say_digits"
    vouches = False
    on_screen = False

    def possible(self, *, lips: bool, mesh: bool) -> bool:  # noqa: ARG002
        """Without lips there is nothing that a recording would not do."""
        return lips

    def draw(self, chance: random.Random, *, before: int) -> Task:  # noqa: ARG002
        """Draw digits, no two alike in a row."""
        digits = [str(chance.randrange(10))]
        while len(digits) < _DIGITS:
            digits.append(chance.choice([one for one in "0123456789" if one != digits[-1]]))
        return Task(kind=self.name, within_s=_WITHIN_S, digits="".join(digits))

    def attempt(self, task: Task, start_s: float, tools: Tools) -> Attempt:  # noqa: ARG002
        """Begin to measure.

        Raises:
            SettingsError: there are no models of lips.
        """
        if tools.models is None:
            raise SettingsError("Digits need presence: set STREAM_VERIFIER_PRESENCE.")
        return Saying(start_s, tools, tools.models.lips, tools.models.calibration)


class Saying:
    """One answer.

    Args:
        start_s: media time at which it was asked.
        tools: the call's.
        network, calibration: read lips.
    """

    def __init__(
        self, start_s: float, tools: Tools, network: LipNetwork, calibration: LipCalibration
    ) -> None:
        self._start_s = self._heard_s = self._asked_s = start_s
        self._ears = tools.ears
        self._voice = tools.voice
        self._talk = Talk(
            network=network, calibration=calibration, detector=tools.detector, ears=tools.ears
        )
        self._sound: list[np.ndarray[tuple[int], np.dtype[np.int16]]] = []
        self._pictures = 0

    def take(self, item: MediaItem) -> None:
        """Hear and see."""
        if isinstance(item, AudioChunk) and item.start_s >= self._start_s:
            if item.start_s > self._heard_s:
                missing = round((item.start_s - self._heard_s) * SAMPLE_RATE_HZ)
                self._sound.append(np.zeros(min(missing, SAMPLE_RATE_HZ * 12), np.int16))
            self._sound.append(item.samples)
            self._heard_s = item.end_s
            self._talk.hear(item)
        elif isinstance(item, VideoFrame):
            self._pictures += 1
            self._talk.see(item)

    def near(self, window: Window) -> None:
        """Learn where the face is."""
        if window.face is not None:
            self._talk.near(window.face.box)

    def finding(self, *, over: bool) -> Finding | None:
        """Passed once enough was said and nothing follows, if the mouth went with it."""
        if not over and self._heard_s < self._asked_s + _LOOK_EVERY_S:
            return None
        self._asked_s = self._heard_s
        self._talk.learn()
        spoken = self._spoken()
        said_s = sum(spoken) * _STEP_S
        if not over and not (said_s >= _LEAST_SPEECH_S and self._silent_s(spoken) >= _SILENCE_S):
            return None
        return self._concluded(spoken, said_s)

    def _concluded(self, spoken: list[bool], said_s: float) -> Finding:
        if said_s < _LEAST_SPEECH_S:
            return self._found("unanswered", "no_speech", spoken, said_s)
        if (self._reaction_s(spoken) or 0.0) < max(LEAST_REACTION_S, _EARLY_S):
            return self._found("failed", "too_soon", spoken, said_s)
        count = self._count(spoken)
        if said_s > _MOST_SPEECH_S or not _LEAST_SYLLABLES <= count <= _MOST_SYLLABLES:
            return self._found("failed", "not_digits", spoken, said_s)
        lips = self._lips()
        if lips is None:
            return self._found("not_measurable", "no_lips", spoken, said_s)
        if lips < 0:
            return self._found("failed", "lips", spoken, said_s)
        if self._voice() < 0:
            return self._found("failed", "voice", spoken, said_s)
        if lips == 0:
            return self._found("not_measurable", "lips_unclear", spoken, said_s)
        return self._found("passed", None, spoken, said_s)

    def _spoken(self) -> list[bool]:
        """Whether there is speech in each step since it was asked, as far as that is known."""
        settled_s = self._ears.settled_s
        until_s = self._heard_s if settled_s is None else min(self._heard_s, settled_s)
        steps = int(max(0.0, until_s - self._start_s) / _STEP_S)
        starts = (self._start_s + step * _STEP_S for step in range(steps))
        return [
            self._ears.speech_between(at_s, at_s + _STEP_S) > _SPEAKS_UP * _STEP_S
            for at_s in starts
        ]

    def _silent_s(self, spoken: list[bool]) -> float:
        """For how long nothing was said at the end."""
        since = next((at for at, one in enumerate(reversed(spoken)) if one), len(spoken))
        return since * _STEP_S

    def _reaction_s(self, spoken: list[bool]) -> float | None:
        return spoken.index(True) * _STEP_S if True in spoken else None

    def _count(self, spoken: list[bool]) -> int:
        sound = np.concatenate(self._sound) if self._sound else np.zeros(0, np.int16)
        per_step = round(_STEP_S * SAMPLE_RATE_HZ)
        said = [sound[at * per_step : (at + 1) * per_step] for at, one in enumerate(spoken) if one]
        return syllables(np.concatenate(said)) if said else 0

    def _lips(self) -> Side | None:
        """Whether the mouth went with what was said; None where it was not seen."""
        talk = self._talk
        if talk.pairs < _LEAST_PAIRS:
            return None
        if talk.moves < -_MOUTH_MOVES or (talk.lips or 0.0) < _LIPS_AGAINST:
            return -1
        return 1 if talk.moves >= _MOUTH_MOVES else 0

    def _found(
        self, outcome: ChallengeOutcome, why: str | None, spoken: list[bool], said_s: float
    ) -> Finding:
        measured = ChallengeMeasured(
            pictures=self._pictures,
            reaction_s=self._reaction_s(spoken),
            speech_s=said_s,
            syllables=self._count(spoken),
            lips=self._lips(),
            voice=self._voice(),
            words=False,
        )
        return Finding(outcome, why, measured)
