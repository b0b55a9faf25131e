"""What is heard of a call on one channel alone, or where its channels are added up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from stream_verifier.demo.people import DEMO_PEOPLE, speech
from stream_verifier.media.types import AudioChunk
from stream_verifier.windows.asides import Asides
from stream_verifier.windows.settings import WindowSettings, speech_windower
from stream_verifier.windows.types import SpeechWindow
from tests.support.window_media import Samples, noise

SECONDS = 8.0
GRACE, EILEEN = (speech(person, seconds=SECONDS, seed=3) for person in DEMO_PEOPLE)
STEP = 1600


def listen(main: Samples, ways: Sequence[Samples], **change: int) -> list[SpeechWindow]:
    """What asides give, asked ten times a second; from a sample on there are none any more."""
    asides = Asides(lambda: speech_windower(WindowSettings()))
    heard: list[SpeechWindow] = []
    for at in range(0, len(main), STEP):
        part, same = slice(at, at + STEP), at >= change.get("same_from", len(main))
        others = None if same else np.stack([way[part] for way in ways], axis=1)
        asides.push(AudioChunk(main[part], at / 16_000, asides=others))
        heard += asides.until((at + STEP) / 16_000)
    return heard


def scaled(sound: Samples, by: float) -> Samples:
    return np.asarray(np.rint(sound * by), np.int16)


def test_somebody_else_beside_the_voice_is_given() -> None:
    heard = listen(GRACE, [EILEEN])
    assert len(heard) >= 4
    assert all(a.end_s < b.end_s for a, b in zip(heard, heard[1:], strict=False))


@pytest.mark.parametrize("by", [1.0, -1.0, 0.2, -0.5])
def test_a_copy_louder_softer_or_in_antiphase_is_not(by: float) -> None:
    assert listen(GRACE, [scaled(GRACE, by)]) == []


def test_neither_is_one_with_a_little_noise_nor_what_is_no_speech() -> None:
    hiss = noise(SECONDS, -45.0)
    assert listen(GRACE, [(GRACE + hiss).astype(np.int16), hiss]) == []


def test_who_is_hidden_under_the_voice_is_given_where_the_voice_is_taken_out() -> None:
    """On the channel he is 12 dB softer than the voice; where both are added up he is alone."""
    hidden = scaled(EILEEN, 0.25)
    assert listen(GRACE, [(hidden - scaled(GRACE, 1.0)).astype(np.int16)]) == []
    assert len(listen(GRACE, [scaled(hidden, 0.5)])) >= 4


def test_where_channels_are_alike_again_nothing_is_left_to_give() -> None:
    heard = listen(GRACE, [EILEEN], same_from=64_000)
    assert heard
    assert heard[-1].end_s <= 4.0
