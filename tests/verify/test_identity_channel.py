from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.types import Comparison, FaceSample, Reference, VoiceQuality, VoiceSample
from stream_verifier.identities.likeness import VOICE_COSINE, likeness
from stream_verifier.verify.channels.identity import (
    FACE,
    VOICE,
    IdentityChannel,
    identity_readings,
)
from stream_verifier.windows.types import FaceCrop, SpeechWindow, Window
from tests.verify.test_pipeline import window

QUALITY = VoiceQuality(2.0, 30.0, -20.0)
ALIKE, OTHER = (np.eye(192, dtype=np.float32)[number] for number in (0, 1))
OLD = Reference("m", np.eye(1, 128, dtype=np.float32)[0], ALIKE, 3, 9.0)
WIDE, NARROW = (replace(OLD, telephone=OTHER, wide=wide) for wide in (True, False))


class Noted:
    """Embeds and compares nothing, and notes what it was asked for."""

    name = "noted"
    operating_points: dict[str, float] = {}

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed_face(self, window: Window) -> FaceSample | None:
        return None

    def embed_crop(self, crop: FaceCrop) -> FaceSample:
        raise AssertionError("there is no face")

    def embed_voice(self, window: Window) -> VoiceSample:
        self.asked.append("whole band")
        return VoiceSample(ALIKE, QUALITY)

    def embed_telephone(self, window: Window) -> VoiceSample:
        self.asked.append("telephone")
        return VoiceSample(ALIKE, QUALITY, telephone=ALIKE)

    def compare(
        self, reference: Reference, face: FaceSample | None, voice: VoiceSample | None
    ) -> Comparison:
        return Comparison(None, 1.0, None, 5.0, 5.0)


@pytest.mark.parametrize(
    ("reference", "narrow", "asked"),
    [
        (WIDE, False, "whole band"),
        (WIDE, True, "telephone"),
        (NARROW, False, "telephone"),
        (NARROW, True, "telephone"),
        (OLD, True, "whole band"),
    ],
)
def test_speech_is_embedded_once_in_the_band_in_which_it_is_compared(
    reference: Reference, narrow: bool, asked: str
) -> None:
    noted = Noted()
    channel = IdentityChannel(reference=reference, embedder=noted, comparator=noted)
    speech = SpeechWindow(np.zeros((200, 80), np.float32), 0.0, 2.0, QUALITY, narrow=narrow)
    read = channel.read(replace(window(2.0), face=None, speech=speech), wanted=frozenset({VOICE}))
    assert noted.asked == [asked]
    assert read.each[1].llr == 5.0


@pytest.mark.parametrize(
    ("followed_s", "strange_share", "scored_s"),
    [(0.0, 0.0, 1.0), (2.2, 0.0, 2.2), (60.0, 0.0, 3.0), (60.0, 0.5, 1.5)],
)
def test_a_scored_face_speaks_for_as_long_as_it_was_followed_but_no_longer_than_speech_does(
    followed_s: float, strange_share: float, scored_s: float
) -> None:
    one = replace(window(9.0), followed_s=followed_s, strange_share=strange_share)
    readings = identity_readings(one, Comparison(0.5, None, 5.0, None, 5.0))
    assert readings.each[0].channel == FACE
    assert readings.each[0].scored_s == pytest.approx(scored_s)


class ByLength(Noted):
    """Finds speech the less favourable the longer it is."""

    def embed_voice(self, window: Window) -> VoiceSample:
        assert window.speech is not None
        return VoiceSample(ALIKE * len(window.speech.fbank), QUALITY)

    def compare(
        self, reference: Reference, face: FaceSample | None, voice: VoiceSample | None
    ) -> Comparison:
        llr = None if voice is None else 3.0 - float(voice.vector.max())
        return Comparison(None, llr, None, llr, llr)


@pytest.mark.parametrize("main", [True, False])
def test_of_all_ways_to_play_a_sound_the_least_favourable_counts(main: bool) -> None:
    fake = ByLength()
    channel = IdentityChannel(reference=OLD, embedder=fake, comparator=fake)
    own, other, third = (
        SpeechWindow(np.zeros((rows, 80), np.float32), 0.0, end_s, QUALITY)
        for rows, end_s in ((1, 2.0), (7, 1.9), (4, 1.8))
    )
    heard = replace(window(2.0), face=None, speech=own if main else None, asides=(other, third))
    assert channel.sense(heard)[1].span_s is not None  # it says something new, whichever way
    voice = channel.read(heard, wanted=frozenset({VOICE})).each[1]
    assert voice.llr == -4.0
    assert voice.span_s == (0.0, 2.0 if main else 1.9)


def test_references_of_two_bands_are_likened_by_telephone() -> None:
    assert likeness(WIDE, replace(WIDE, telephone=ALIKE)) == pytest.approx(1 - VOICE_COSINE)
    assert likeness(WIDE, replace(NARROW, voice=OTHER)) == pytest.approx(1 - VOICE_COSINE)
    assert likeness(OLD, replace(NARROW, voice=OTHER)) == pytest.approx(-VOICE_COSINE)
