"""Digits that are said: when, how long, by which mouth; never which."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from stream_verifier.media.types import AudioChunk
from stream_verifier.verify.channels.challenge import say_digits
from stream_verifier.verify.channels.challenge.kind import Finding, Tools
from stream_verifier.verify.channels.challenge.say_digits import SayDigits, Saying
from stream_verifier.verify.channels.challenge.syllables import syllables

RATE = 16_000
ASKED_S = 10.0


def said(count: int, *, each_s: float = 0.4) -> np.ndarray[Any, np.dtype[np.int16]]:
    """So many syllables: tones that swell and die away."""
    at = np.arange(round(each_s * RATE)) / RATE
    one = 9000 * np.sin(2 * np.pi * 160 * at) * np.sin(np.pi * at / each_s) ** 2
    return np.tile(one, count).astype(np.int16)


@dataclass
class ScriptedEars:
    spoken: list[tuple[float, float]]
    settled_s: float | None = None

    def speech_between(self, start_s: float, end_s: float) -> float:
        return sum(max(0.0, min(b, end_s) - max(a, start_s)) for a, b in self.spoken)


@dataclass
class ScriptedTalk:
    """A mouth as the test has it."""

    moves: float = 2.0
    pairs: float = 30.0
    lips: float | None = 1.0
    heard: list[Any] = field(default_factory=list)

    def hear(self, chunk: AudioChunk) -> None:
        self.heard.append(chunk)

    def learn(self) -> None:
        """All is known."""


def answer(
    monkeypatch: pytest.MonkeyPatch,
    *,
    after_s: float = 1.0,
    count: int = 5,
    talk: ScriptedTalk | None = None,
    voice: Any = 0,
) -> Finding:
    sound = said(count)
    began_s = ASKED_S + after_s
    spoken = [(began_s, began_s + len(sound) / RATE)] if count else []
    monkeypatch.setattr(say_digits, "Talk", lambda **_: talk or ScriptedTalk())
    nothing: Any = None
    tools = Tools(nothing, ScriptedEars(spoken), nothing, nothing, lambda: voice)  # type: ignore[arg-type]
    attempt = Saying(ASKED_S, tools, nothing, nothing)
    quiet = np.zeros(round(after_s * RATE), np.int16)
    track = np.concatenate([quiet, sound, np.zeros(RATE * 2, np.int16)])
    for at in range(0, len(track), 1600):
        attempt.take(AudioChunk(track[at : at + 1600], ASKED_S + at / RATE))
        if (finding := attempt.finding(over=False)) is not None:
            return finding
    finding = attempt.finding(over=True)
    assert finding is not None
    return finding


def test_four_digits_in_time_by_a_mouth_that_moves_pass_and_no_word_is_recognised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = answer(monkeypatch)
    assert (found.outcome, found.why) == ("passed", None)
    measured = found.measured
    assert measured.words is False
    assert measured.syllables == 5
    assert measured.speech_s == pytest.approx(2.0, abs=0.15)
    assert measured.reaction_s == pytest.approx(1.0, abs=0.11)
    assert (measured.lips, measured.voice) == (1, 0)


@pytest.mark.parametrize(
    ("given", "outcome", "why"),
    [
        ({"count": 0}, "unanswered", "no_speech"),
        ({"after_s": 0.1}, "failed", "too_soon"),
        ({"count": 20}, "failed", "not_digits"),
        ({"talk": ScriptedTalk(moves=-4.0)}, "failed", "lips"),
        ({"talk": ScriptedTalk(lips=-5.0)}, "failed", "lips"),
        ({"talk": ScriptedTalk(pairs=0.0)}, "not_measurable", "no_lips"),
        ({"talk": ScriptedTalk(moves=0.1)}, "not_measurable", "lips_unclear"),
        ({"voice": -1}, "failed", "voice"),
    ],
)
def test_what_is_no_answer_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, given: Any, outcome: str, why: str
) -> None:
    found = answer(monkeypatch, **given)
    assert (found.outcome, found.why) == (outcome, why)


def test_digits_are_drawn_by_chance_without_two_alike_in_a_row() -> None:
    drawn = [SayDigits().draw(random.Random(seed), before=0).digits or "" for seed in range(200)]
    assert len(set(drawn)) > 190
    assert all(a != b for one in drawn for a, b in zip(one, one[1:], strict=False))
    assert not SayDigits().possible(lips=False, mesh=True)


@pytest.mark.parametrize("count", [1, 4, 9])
def test_syllables_are_counted_by_their_loudness(count: int) -> None:
    assert syllables(said(count, each_s=0.22)) == count


def test_silence_and_nothing_have_no_syllable() -> None:
    assert syllables(np.zeros(RATE, np.int16)) == 0
    assert syllables(np.zeros(0, np.int16)) == 0
