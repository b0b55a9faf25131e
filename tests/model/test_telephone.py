from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from model.data.codecs import narrow_band, opus, telephone
from model.data.media import Samples
from model.runtime.comparator import CALIBRATION_PART, CalibrationSet, load_comparator
from model.runtime.reference import make_reference
from model.runtime.speech import cut_speech
from model.runtime.telephone import FIRST_ABOVE, as_by_telephone, is_narrow
from model.runtime.weights import Weights
from model.siamese.telephone_command import fit_shift
from model.types import FaceQuality, FaceSample, Reference, VoiceQuality, VoiceSample
from stream_verifier.demo.people import DEMO_PEOPLE, speech

RNG = np.random.default_rng(3)
ONE, OTHER, THIRD = (v / np.linalg.norm(v) for v in RNG.normal(size=(3, 192)).astype(np.float32))
FACE = FaceSample(np.ones(128, np.float32), FaceQuality(100, 100, 0, 0, 0.5, 0.2, 0.9))


@cache
def spoken() -> Samples:
    return speech(DEMO_PEOPLE[0], seconds=3.0).astype(np.float32) / np.float32(32768)


def softly(samples: Samples) -> Samples:
    return samples * np.float32(0.05)


def hissing(samples: Samples) -> Samples:
    noise = np.random.default_rng(0).normal(0, 1e-3, len(samples))
    return np.asarray(samples + noise, np.float32)


def muffled(samples: Samples) -> Samples:
    return np.convolve(samples, np.full(3, 1 / 3), "same").astype(np.float32)


@pytest.mark.parametrize(
    ("way", "narrow"),
    [
        (lambda x: x, False),
        (softly, False),
        (hissing, False),
        (muffled, False),
        (lambda x: opus(x, 16_000), False),
        (narrow_band, True),
        (lambda x: softly(narrow_band(x)), True),
        (telephone, True),
        (lambda x: hissing(narrow_band(x)), False),  # something is there, if only noise
    ],
)
def test_speech_tells_whether_anything_is_above_the_telephones_band(
    way: Callable[[Samples], Samples], narrow: bool
) -> None:
    cut = cut_speech(way(spoken()))
    assert cut is not None
    assert cut.narrow is narrow


def test_speech_by_telephone_is_the_same_below_and_nothing_above() -> None:
    cut = cut_speech(spoken())
    assert cut is not None
    heard = as_by_telephone(cut.fbank)
    np.testing.assert_array_equal(heard[:, :FIRST_ABOVE], cut.fbank[:, :FIRST_ABOVE])
    assert not heard[:, FIRST_ABOVE:].any()
    assert cut.fbank[:, FIRST_ABOVE:].any()


def test_silence_is_no_telephone() -> None:
    assert not is_narrow(np.full((50, 80), -15.9, np.float32))


def sample(
    vector: np.ndarray, by_telephone: np.ndarray | None, *, narrow: bool, speech_s: float = 3.0
) -> VoiceSample:
    return VoiceSample(
        8 * vector,
        VoiceQuality(speech_s, 30.0, -25.0),
        narrow,
        None if by_telephone is None else 8 * by_telephone,
    )


def enrolled(*voices: VoiceSample) -> Reference:
    return make_reference("m", [FACE], voices)


def test_a_reference_is_of_the_whole_band_where_most_speech_has_it() -> None:
    wide, narrow = sample(ONE, OTHER, narrow=False), sample(THIRD, OTHER, narrow=True, speech_s=1)
    made = enrolled(wide, narrow)
    assert made.wide
    np.testing.assert_allclose(made.voice, ONE, atol=1e-6)
    assert made.telephone is not None
    np.testing.assert_allclose(made.telephone, OTHER, atol=1e-6)
    assert made.speech_s == 4.0
    assert not enrolled(replace(wide, quality=narrow.quality), narrow, narrow).wide
    assert enrolled(wide, sample(ONE, None, narrow=False)).telephone is None


@pytest.mark.parametrize(
    ("made_of", "probe", "compared", "with_shift"),
    [
        (sample(ONE, OTHER, narrow=False), sample(ONE, THIRD, narrow=False), ONE, False),
        (sample(ONE, OTHER, narrow=False), sample(THIRD, OTHER, narrow=True), OTHER, True),
        (sample(THIRD, OTHER, narrow=True), sample(ONE, OTHER, narrow=False), OTHER, True),
        (sample(ONE, None, narrow=False), sample(ONE, THIRD, narrow=True), ONE, False),
        (sample(ONE, OTHER, narrow=False), sample(ONE, None, narrow=True), ONE, False),
    ],
)
def test_what_is_alike_is_compared(
    made_of: VoiceSample, probe: VoiceSample, compared: np.ndarray, with_shift: bool
) -> None:
    weights = Weights.load()
    taken = CalibrationSet.read(weights.path(CALIBRATION_PART)).telephone
    comparator = load_comparator(weights)
    plain = sample(compared, None, narrow=False)
    face = replace(FACE, vector=9 * FACE.vector)
    whole = comparator.compare(enrolled(plain), face, plain)
    found = comparator.compare(enrolled(made_of), face, probe)
    assert taken < 0
    assert whole.llr_voice is not None
    assert found.voice_cosine == pytest.approx(1, abs=1e-5)
    assert found.llr_face == whole.llr_face
    shift = taken if with_shift else 0.0
    assert found.llr_voice == pytest.approx(whole.llr_voice + shift, abs=1e-4)


def test_pieces_are_compared_in_the_band_that_the_voice_has() -> None:
    """Somebody near one piece of the telephone's band, and far from that band's mean."""
    comparator = load_comparator(Weights.load())
    mood, usual = (sample(ONE, by_telephone, narrow=False) for by_telephone in (THIRD, OTHER))
    whole = enrolled(mood, replace(usual, quality=replace(usual.quality, speech_s=20.0)))
    probe = sample(OTHER, THIRD, narrow=True)
    lacking = [replace(piece, telephone=None) for piece in whole.pieces]
    found, bare, plain = (
        comparator.compare(replace(whole, pieces=pieces), None, probe).llr_voice
        for pieces in (whole.pieces, tuple(lacking), ())
    )
    assert plain is not None
    assert plain < -4
    assert bare == plain
    assert found == 0


def test_the_shift_takes_what_the_band_gives_strangers() -> None:
    rng = np.random.default_rng(1)
    mated = rng.random(4000) < 0.5
    llrs = rng.normal(np.where(mated, 5.0, -5.0), 3.0)
    assert fit_shift((llrs, mated), (llrs + 1.5, mated)) == pytest.approx(-1.5, abs=0.01)
    assert fit_shift((llrs, mated), (llrs - 1.5, mated)) == 0
