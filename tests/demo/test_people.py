from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.errors import MissingExtraError
from stream_verifier.demo import people
from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames, speech
from stream_verifier.windows.faces import FaceDetector

ROOT = Path(__file__).resolve().parents[2]
GRACE, EILEEN = DEMO_PEOPLE


@pytest.fixture
def forgetful() -> Iterator[None]:
    """No portrait left in memory, neither before nor after."""
    for person in DEMO_PEOPLE:
        person.load.cache_clear()  # type: ignore[attr-defined]
    yield
    for person in DEMO_PEOPLE:
        person.load.cache_clear()  # type: ignore[attr-defined]


@pytest.mark.parametrize("person", DEMO_PEOPLE, ids=lambda person: person.id)
def test_one_face_is_found_in_nearly_every_frame(person: DemoPerson) -> None:
    detector = FaceDetector(ROOT / "model" / "weights" / "yunet.onnx")
    frames = [
        frame
        for seed in range(3)
        for frame in portrait_frames(person, seconds=12, fps=2, seed=seed)
    ]
    found = [detector.detect(frame) for frame in frames]
    assert sum(len(faces) == 1 for faces in found) > 0.95 * len(frames)
    heights = [faces[0].box[3] / 480 for faces in found if faces]
    assert 0.33 < np.mean(heights) < 0.47


def test_frames_have_the_form_that_was_asked_for() -> None:
    frames = list(portrait_frames(GRACE, seconds=1, fps=15, size=(320, 240)))
    assert len(frames) == 15
    assert {(frame.shape, frame.dtype) for frame in frames} == {((240, 320, 3), np.dtype("uint8"))}


def test_the_picture_moves_smoothly() -> None:
    frames = list(portrait_frames(EILEEN, seconds=8, fps=15))
    steps = [cv2.absdiff(a, b).mean() for a, b in itertools.pairwise(frames)]
    assert min(steps) > 0.1
    assert max(steps) < 8
    apart = cv2.absdiff(frames[0], frames[60]).mean()
    assert apart > 3 * float(np.median(steps))


def test_a_seed_gives_the_same_movement_and_another_one_another() -> None:
    first, again, other = (next(portrait_frames(GRACE, seconds=1, seed=seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("person", DEMO_PEOPLE, ids=lambda person: person.id)
def test_speech_is_loud_enough_and_has_pauses(person: DemoPerson) -> None:
    samples = speech(person, seconds=10)
    assert (samples.dtype, samples.shape) == (np.int16, (160_000,))
    frames = samples[: 160_000 // 480 * 480].reshape(-1, 480).astype(np.float64)
    levels = 10 * np.log10(np.mean(frames**2, axis=1) / 32768**2 + 1e-12)
    spoken = levels > -40
    assert 0.6 < spoken.mean() < 0.97
    assert -26 < 10 * np.log10(np.mean(10 ** (levels[spoken] / 10))) < -16
    assert levels.max() < 0
    assert np.median(levels[levels < -60]) == pytest.approx(-66, abs=2)


def test_voices_differ_in_pitch() -> None:
    """Autocorrelation of the voiced parts; the variants f3 and m7 stand for two people."""

    def pitch_hz(person: DemoPerson) -> float:
        samples = speech(person, seconds=6).astype(np.float64)
        lags = []
        for frame in samples[: len(samples) // 640 * 640].reshape(-1, 640):
            correlation = np.correlate(frame, frame, "full")[639:]
            lag = 40 + int(np.argmax(correlation[40:300]))
            if correlation[0] > 640 * 1000**2 and correlation[lag] > 0.6 * correlation[0]:
                lags.append(lag)
        return float(16_000 / np.median(lags))

    assert pitch_hz(GRACE) > 1.25 * pitch_hz(EILEEN)


def test_speech_is_the_same_for_a_seed() -> None:
    first, again, other = (speech(GRACE, seconds=3, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_text_is_said_over_and_over() -> None:
    short, long = (speech(GRACE, "Hello there.", seconds=seconds) for seconds in (0.5, 12.0))
    assert (len(short), len(long)) == (8_000, 192_000)
    halves = np.split(np.abs(long.astype(np.float64)), 2)
    assert halves[0].mean() == pytest.approx(halves[1].mean(), rel=0.2)


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize(
    ("person", "module", "package"),
    [(GRACE, "matplotlib.cbook", "matplotlib"), (EILEEN, "skimage.data", "scikit-image")],
)
def test_a_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, person: DemoPerson, module: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"{package}: pip install 'stream-verifier\[demo"):
        next(portrait_frames(person, seconds=1))


def test_a_text_without_words_is_silence() -> None:
    assert not people._say("", GRACE.voice, GRACE.words_per_min).any()
